package store

import (
	"encoding/binary"
	"encoding/hex"
	"math"
)

// A batch holds records, one after the other, each with the parts of an
// execution that its header row does not hold. Its bytes are a varint, which is
// the length of the random part; the random part; and a deflate stream with the
// rest. Random are the rest of the id and a request's id: the compressor, the
// dearest part of a flush, could only make them slow. Numbers are varints. A
// short string that may come again (a header, a path) is written once per batch
// and then named by its number, which leaves the compressor half as much to do.
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
	randomRequestID // 16 bytes in the random part stand for 32 hex digits
	hasQueries
)

// The bytes of a record in the random part.
const (
	restBytes      = 8
	requestIDBytes = 16
)

// batchEncoder writes records.
type batchEncoder struct {
	buffer  []byte // what is to be deflated
	random  []byte
	strings map[string]int
	lastKey int64
}

func (e *batchEncoder) reset() {
	if e.strings == nil {
		e.strings = make(map[string]int)
	}
	clear(e.strings)
	e.buffer, e.random, e.lastKey = e.buffer[:0], e.random[:0], 0
}

func (e *batchEncoder) len() int { return len(e.buffer) + len(e.random) }

// start returns the batch up to its deflate stream, with room for that.
func (e *batchEncoder) start() []byte {
	batch := make([]byte, 0, binary.MaxVarintLen64+len(e.random)+len(e.buffer)/2)
	return append(binary.AppendUvarint(batch, uint64(len(e.random))), e.random...)
}

func (e *batchEncoder) number(v int64) { e.buffer = binary.AppendVarint(e.buffer, v) }

func (e *batchEncoder) text(s string) {
	e.buffer = binary.AppendUvarint(e.buffer, uint64(len(s)))
	e.buffer = append(e.buffer, s...)
}

// word is text that may come again: an even number is a length, an odd one
// names an earlier word.
func (e *batchEncoder) word(s string) {
	if s != "" && len(s) <= maxInterned {
		if n, ok := e.strings[s]; ok {
			e.again(n)
			return
		}
		e.strings[s] = len(e.strings)
	}
	e.buffer = binary.AppendUvarint(e.buffer, uint64(len(s))<<1)
	e.buffer = append(e.buffer, s...)
}

func (e *batchEncoder) again(n int) {
	e.buffer = binary.AppendUvarint(e.buffer, uint64(n)<<1|1)
}

// words is word for bytes, which become a string only when they are new.
func (e *batchEncoder) words(b []byte) {
	if n, ok := e.strings[string(b)]; ok {
		e.again(n)
		return
	}
	e.word(string(b))
}

// add writes one record.
func (e *batchEncoder) add(key int64, x *Execution) {
	e.begin(key, x)
	e.word(x.InvocationType)
	e.number(int64(x.ScriptVersion))
	e.number(int64(x.StatusCode))
	e.number(int64(math.Round(x.DurationMS * 1000)))
	e.number(x.Usage.Instructions)
	e.number(x.Usage.MemoryBytes)
	e.number(x.Usage.SDKCalls)
	if x.TriggerID != nil {
		e.words(x.TriggerID[:])
	}
	if x.Error != nil {
		e.word(x.Error.Code)
		e.word(x.Error.Message)
		e.word(x.Error.Script)
		e.number(int64(x.Error.Line))
		e.word(x.Error.Traceback)
	}
	e.addLogs(x)
	if len(x.Queries) > 0 {
		e.addQueries(x.Queries)
	}
	if r := x.Request; r != nil {
		e.word(r.Method)
		e.word(r.Path)
		e.word(r.Query)
		e.addBody(r.Headers, r.Body, r.BodyBytes)
	}
	if r := x.Response; r != nil {
		e.number(int64(r.Status))
		e.addBody(r.Headers, r.Body, r.BodyBytes)
	}
}

// begin writes the flags and the ids.
func (e *batchEncoder) begin(key int64, x *Execution) {
	_, rest, _ := splitID(x.ID)
	e.random = binary.BigEndian.AppendUint64(e.random, uint64(rest))
	flags, isRandom := recordFlags(x), e.addRequestID(x.RequestID)
	if isRandom {
		flags |= randomRequestID
	}
	e.buffer = append(e.buffer, flags)
	e.number(key - e.lastKey)
	e.lastKey = key
	if !isRandom {
		e.text(x.RequestID)
	}
}

// addRequestID takes 32 lower-case hex digits, which is what PiCloud gives a
// request that comes without an id; false for anything else.
func (e *batchEncoder) addRequestID(id string) bool {
	var digits [2 * requestIDBytes]byte
	if copy(digits[:], id) != len(id) || len(id) != len(digits) {
		return false
	}
	for _, c := range digits {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	var err error
	e.random, err = hex.AppendDecode(e.random, digits[:])
	return err == nil
}

func recordFlags(x *Execution) (flags byte) {
	if x.TriggerID != nil {
		flags |= hasTrigger
	}
	if x.Error != nil {
		flags |= hasError
	}
	if len(x.Queries) > 0 {
		flags |= hasQueries
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
		e.words(line.Data)
	}
}

func (e *batchEncoder) addQueries(queries []QueryReport) {
	e.number(int64(len(queries)))
	for i := range queries {
		q := &queries[i]
		e.word(q.Collection)
		e.word(q.Query)
		e.word(q.Plan)
		e.number(q.Scanned)
		e.number(q.Returned)
		e.number(int64(math.Round(q.DurationMS * 1000)))
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
