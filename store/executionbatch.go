package store

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// A batch is a deflate stream of records, one after the other, each with the
// parts of an execution that its header row does not hold. Numbers are
// varints. A short string that may come again (a header, a path) is written
// once per batch and then named by its number, which leaves the compressor,
// the dearest part of a flush, half as much to do.
const (
	maxInterned   = 96       // bytes of a string that may be named by number
	maxBatchBytes = 16 << 20 // of an unpacked batch; a flush writes far less
)

// The bits of a record's first byte.
const (
	hasTrigger = 1 << iota
	hasError
	hasRequest
	hasResponse
	requestBase64
	responseBase64
)

// batchEncoder writes records.
type batchEncoder struct {
	buffer  []byte
	strings map[string]int
	lastKey int64
}

func (e *batchEncoder) reset() {
	if e.strings == nil {
		e.strings = make(map[string]int)
	}
	clear(e.strings)
	e.buffer, e.lastKey = e.buffer[:0], 0
}

func (e *batchEncoder) len() int      { return len(e.buffer) }
func (e *batchEncoder) bytes() []byte { return e.buffer }

func (e *batchEncoder) number(v int64) { e.buffer = binary.AppendVarint(e.buffer, v) }

func (e *batchEncoder) text(s string) {
	e.buffer = binary.AppendUvarint(e.buffer, uint64(len(s)))
	e.buffer = append(e.buffer, s...)
}

// word is text that may come again: an even number is a length, an odd one
// names an earlier word.
func (e *batchEncoder) word(s string) {
	if s == "" {
		e.buffer = append(e.buffer, 0)
		return
	}
	if n, ok := e.strings[s]; ok {
		e.buffer = binary.AppendUvarint(e.buffer, uint64(n)<<1|1)
		return
	}
	e.buffer = binary.AppendUvarint(e.buffer, uint64(len(s))<<1)
	e.buffer = append(e.buffer, s...)
	if len(s) <= maxInterned {
		e.strings[s] = len(e.strings)
	}
}

// add writes one record.
func (e *batchEncoder) add(key int64, x *Execution) {
	e.buffer = append(e.buffer, recordFlags(x))
	e.number(key - e.lastKey)
	e.lastKey = key
	e.text(x.RequestID)
	e.word(x.InvocationType)
	e.number(x.Usage.Instructions)
	e.number(x.Usage.MemoryBytes)
	e.number(x.Usage.SDKCalls)
	if x.TriggerID != nil {
		e.word(string(x.TriggerID[:]))
	}
	if x.Error != nil {
		e.word(x.Error.Code)
		e.word(x.Error.Message)
		e.word(x.Error.Script)
		e.number(int64(x.Error.Line))
		e.word(x.Error.Traceback)
	}
	e.addLogs(x)
	if r := x.Request; r != nil {
		e.word(r.Method)
		e.word(r.Path)
		e.addBody(r.Headers, r.Body, r.BodyBytes)
	}
	if r := x.Response; r != nil {
		e.number(int64(r.Status))
		e.addBody(r.Headers, r.Body, r.BodyBytes)
	}
}

func recordFlags(x *Execution) (flags byte) {
	if x.TriggerID != nil {
		flags |= hasTrigger
	}
	if x.Error != nil {
		flags |= hasError
	}
	if x.Request != nil {
		flags |= hasRequest
		if x.Request.BodyBase64 {
			flags |= requestBase64
		}
	}
	if x.Response != nil {
		flags |= hasResponse
		if x.Response.BodyBase64 {
			flags |= responseBase64
		}
	}
	return flags
}

func (e *batchEncoder) addLogs(x *Execution) {
	e.number(int64(x.LogsDropped))
	e.number(int64(len(x.Logs)))
	at := keyTime(e.lastKey)
	for i := range x.Logs {
		line := &x.Logs[i]
		e.number(int64(line.At - at))
		at = line.At
		e.word(line.Level)
		e.word(line.Message)
		e.word(string(line.Data))
	}
}

func (e *batchEncoder) addBody(headers []HeaderField, body string, size int) {
	e.number(int64(len(headers)))
	for i := range headers {
		e.word(headers[i].Name)
		e.word(headers[i].Value)
	}
	e.word(body)
	e.number(int64(size - len(body)))
}

// errBadBatch says that a stored batch is not one.
var errBadBatch = errors.New("a batch of the execution log is damaged")

// unpackBatch calls visit with each record. The record is visit's to keep.
func unpackBatch(data []byte, visit func(key int64, x *Execution) error) error {
	var raw bytes.Buffer
	n, err := raw.ReadFrom(io.LimitReader(flate.NewReader(bytes.NewReader(data)), maxBatchBytes+1))
	if err != nil || n > maxBatchBytes {
		return errors.Join(errBadBatch, err)
	}
	return decodeBatch(raw.String(), visit)
}

func decodeBatch(raw string, visit func(key int64, x *Execution) error) error {
	d := batchDecoder{rest: raw}
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
	if d.bad {
		return fmt.Errorf("%w: %d bytes before its end", errBadBatch, len(d.rest))
	}
	return nil
}

// batchDecoder reads records. After the first wrong byte bad is set and
// everything reads as zero.
type batchDecoder struct {
	rest  string
	words []string
	bad   bool
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

func (d *batchDecoder) record(key *int64) *Execution {
	flags := d.take(1)
	if d.bad {
		return nil
	}
	*key += d.number()
	x := &Execution{RequestID: d.text(), InvocationType: d.word()}
	x.Usage = Usage{Instructions: d.number(), MemoryBytes: d.number(), SDKCalls: d.number()}
	if flags[0]&hasTrigger != 0 {
		x.TriggerID = new(uuid.UUID)
		copy(x.TriggerID[:], d.word())
	}
	if flags[0]&hasError != 0 {
		x.Error = &ExecutionError{Code: d.word(), Message: d.word(), Script: d.word(), Line: int(d.number()), Traceback: d.word()}
	}
	d.logs(x, keyTime(*key))
	if flags[0]&hasRequest != 0 {
		r := &RecordedRequest{Method: d.word(), Path: d.word(), BodyBase64: flags[0]&requestBase64 != 0}
		r.Headers, r.Body, r.BodyBytes = d.body()
		x.Request = r
	}
	if flags[0]&hasResponse != 0 {
		r := &RecordedResponse{Status: int(d.number()), BodyBase64: flags[0]&responseBase64 != 0}
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
