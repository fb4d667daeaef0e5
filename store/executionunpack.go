package store

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// errBadBatch says that a stored batch is not one.
var errBadBatch = errors.New("a batch of the execution log is damaged")

// unpackBatch calls visit with each record, which lacks what its header row
// holds. The record is visit's to keep.
func unpackBatch(data []byte, visit func(key int64, x *Execution) error) error {
	length, n := binary.Uvarint(data)
	if n <= 0 || length > uint64(len(data)-n) {
		return errBadBatch
	}
	random, deflated := data[n:n+int(length)], data[n+int(length):]
	var raw bytes.Buffer
	size, err := raw.ReadFrom(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), maxBatchBytes+1))
	if err != nil || size > maxBatchBytes {
		return errors.Join(errBadBatch, err)
	}
	return decodeBatch(random, raw.String(), visit)
}

func decodeBatch(random []byte, raw string, visit func(key int64, x *Execution) error) error {
	d := batchDecoder{rest: raw, random: random}
	var key int64
	for len(d.rest) > 0 && !d.bad {
		x := d.record(&key)
		if d.bad {
			break
		}
		if err := visit(key, x); err != nil {
			return err
		}
	}
	if d.bad || len(d.random) > 0 {
		return fmt.Errorf("%w: %d and %d bytes before its ends", errBadBatch, len(d.random), len(d.rest))
	}
	return nil
}

// batchDecoder reads records. After the first wrong byte bad is set and
// everything reads as zero.
type batchDecoder struct {
	rest   string
	random []byte
	words  []string
	bad    bool
}

func (d *batchDecoder) unsigned() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		if d.bad || len(d.rest) == 0 {
			break
		}
		b := d.rest[0]
		d.rest = d.rest[1:]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	d.bad = true
	return 0
}

func (d *batchDecoder) number() int64 {
	v := d.unsigned()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads the number of parts that follow, of which each takes some bytes.
func (d *batchDecoder) count() int {
	n := d.number()
	if n < 0 || n > int64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *batchDecoder) take(n uint64) string {
	if d.bad || n > uint64(len(d.rest)) {
		d.bad = true
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *batchDecoder) text() string { return d.take(d.unsigned()) }

func (d *batchDecoder) word() string {
	v := d.unsigned()
	if v&1 == 1 {
		if v>>1 >= uint64(len(d.words)) {
			d.bad = true
			return ""
		}
		return d.words[v>>1]
	}
	s := d.take(v >> 1)
	if s != "" && len(s) <= maxInterned {
		d.words = append(d.words, s)
	}
	return s
}

// takeRandom reads n bytes of the random part, as many zeros when they lack.
func (d *batchDecoder) takeRandom(n int) []byte {
	if d.bad || n > len(d.random) {
		d.bad = true
		return make([]byte, n)
	}
	taken := d.random[:n]
	d.random = d.random[n:]
	return taken
}

func (d *batchDecoder) requestID(flags byte) string {
	if flags&randomRequestID == 0 {
		return d.text()
	}
	return hex.EncodeToString(d.takeRandom(requestIDBytes))
}

func (d *batchDecoder) record(key *int64) *Execution {
	first := d.take(1)
	if d.bad {
		return nil
	}
	flags := first[0]
	*key += d.number()
	rest := binary.BigEndian.Uint64(d.takeRandom(restBytes))
	x := &Execution{ID: joinID(*key, int64(rest&(1<<restBits-1))), RequestID: d.requestID(flags), InvocationType: d.word()}
	x.ScriptVersion, x.StatusCode, x.DurationMS = int(d.number()), int(d.number()), float64(d.number())/1000
	x.Usage = Usage{Instructions: d.number(), MemoryBytes: d.number(), SDKCalls: d.number()}
	if flags&hasTrigger != 0 {
		x.TriggerID = new(uuid.UUID)
		copy(x.TriggerID[:], d.word())
	}
	if flags&hasError != 0 {
		x.Error = &ExecutionError{Code: d.word(), Message: d.word(), Script: d.word(), Line: int(d.number()), Traceback: d.word()}
	}
	d.logs(x, keyTime(*key))
	if flags&hasQueries != 0 {
		x.Queries = d.queries()
	}
	if flags&hasRequest != 0 {
		r := &RecordedRequest{Method: d.word(), Path: d.word(), Query: d.word(), BodyBase64: flags&requestBase64 != 0}
		r.Headers, r.Body, r.BodyBytes = d.body()
		x.Request = r
	}
	if flags&hasResponse != 0 {
		r := &RecordedResponse{Status: int(d.number()), BodyBase64: flags&responseBase64 != 0}
		r.Headers, r.Body, r.BodyBytes = d.body()
		x.Response = r
	}
	return x
}

func (d *batchDecoder) logs(x *Execution, at Time) {
	x.LogsDropped = int(d.number())
	n := d.count()
	x.Logs = []LogLine{} // JSON shows a list, also an empty one
	for range n {
		at += Time(d.number())
		line := LogLine{At: at, Level: d.word(), Message: d.word()}
		if data := d.word(); data != "" {
			line.Data = []byte(data)
		}
		if d.bad {
			return
		}
		x.Logs = append(x.Logs, line)
	}
}

func (d *batchDecoder) queries() (queries []QueryReport) {
	for range d.count() {
		q := QueryReport{Collection: d.word(), Query: d.word(), Plan: d.word()}
		q.Scanned, q.Returned, q.DurationMS = d.number(), d.number(), float64(d.number())/1000
		queries = append(queries, q)
		if d.bad {
			return nil
		}
	}
	return queries
}

func (d *batchDecoder) body() (headers []HeaderField, body string, size int) {
	headers = []HeaderField{}
	for range d.count() {
		field := HeaderField{Name: d.word(), Value: d.word()}
		if d.bad {
			return nil, "", 0
		}
		headers = append(headers, field)
	}
	body = d.word()
	return headers, body, len(body) + int(d.number())
}
