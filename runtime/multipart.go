package runtime

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// maxParts bounds the parts of one form; each costs far more than its bytes.
const maxParts = 1000

// multipart reads a multipart form as {fields = {}, files = {NAME = {filename,
// type, data}}} (spec 8, "Requests"). Of repeated names the last wins. A
// malformed form gives false and a warning in the run's log.
func (r *Run) multipart(L *lua.LState, boundary string) (*lua.LTable, bool) {
	fields, files := L.CreateTable(0, 4), L.CreateTable(0, 1)
	result := L.CreateTable(0, 2)
	result.RawSetString("fields", fields)
	result.RawSetString("files", files)
	charge := meter.From(L)
	charge.Hold(result)
	defer charge.Release(1)
	if err := readParts(L, r.request.Body, boundary, fields, files); err != nil {
		r.Log("warn", "the multipart body is malformed: "+err.Error(), nil)
		return nil, false
	}
	return result, true
}

var errTooManyParts = errors.New("it has too many parts")

func readParts(L *lua.LState, raw []byte, boundary string, fields, files *lua.LTable) error {
	if boundary == "" {
		return errors.New("its content type names no boundary")
	}
	reader := multipart.NewReader(bytes.NewReader(raw), boundary)
	for count := 0; ; count++ {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			if count == 0 && !bytes.Contains(raw, []byte("--"+boundary)) {
				return errors.New("the boundary is not in it")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if count == maxParts {
			return errTooManyParts
		}
		if err := readPart(L, part, fields, files); err != nil {
			return err
		}
	}
}

func readPart(L *lua.LState, part *multipart.Part, fields, files *lua.LTable) error {
	charge := meter.From(L)
	charge.Step(L, 64)
	charge.ChargeMemory(L, 4*pairBytes)
	// One byte more than allowed, so that the meter sees the excess and raises.
	data, err := io.ReadAll(io.LimitReader(part, int64(charge.Limits().StringBytes)+1))
	if err != nil {
		return err
	}
	text := newString(L, data)
	name := part.FormName()
	if name == "" {
		return nil
	}
	if part.FileName() == "" {
		fields.RawSetString(name, text)
		return nil
	}
	file := L.CreateTable(0, 3)
	file.RawSetString("filename", lua.LString(part.FileName()))
	file.RawSetString("type", lua.LString(part.Header.Get("Content-Type")))
	file.RawSetString("data", text)
	files.RawSetString(name, file)
	return nil
}
