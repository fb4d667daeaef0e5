package compile

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// An instruction is 32 bits: six of operation code, eight of A, nine of C and
// nine of B.
const (
	codeShift  = 26
	codeMask   = 0x3f << codeShift
	sizesMask  = 0x3ffff
	hashHint   = 4 << 9
	maxUpvalue = 255 // the count is a byte, which would wrap around silently
	maxConst   = 1<<18 - 1
)

// checkProto refuses what the code generator lets pass although the interpreter
// cannot run it.
func (s *script) checkProto(p *lua.FunctionProto) error {
	switch {
	case len(p.DbgUpvalues) > maxUpvalue:
		return s.fail(p.LineDefined, "the function that starts here uses too many variables of outer functions (more than %d)", maxUpvalue)
	case len(p.Constants) > maxConst || len(p.FunctionPrototypes) > maxFunctions:
		return s.fail(p.LineDefined, "the function that starts here has too many constants or inner functions")
	case len(p.Code) > maxConst/2:
		return s.fail(p.LineDefined, "the function that starts here is too long")
	}
	for _, inner := range p.FunctionPrototypes {
		if err := s.checkProto(inner); err != nil {
			return err
		}
	}
	return nil
}

// finish patches a compiled prototype and trims it.
func finish(p *lua.FunctionProto, placeholder string, concat *lua.LFunction) {
	for i, constant := range p.Constants {
		if constant == lua.LString(placeholder) {
			p.Constants[i] = concat
		}
	}
	patchYield(p)
	patchHints(p)
	trim(p)
	for _, inner := range p.FunctionPrototypes {
		finish(inner, placeholder, concat)
	}
}

// patchYield makes return coroutine.yield(x) an ordinary call: as a tail call it
// removes the frame that the resume needs.
func patchYield(p *lua.FunctionProto) {
	for _, call := range p.DbgCalls {
		if call.Name == "yield" && call.Pc < len(p.Code) && p.Code[call.Pc]>>codeShift == uint32(lua.OP_TAILCALL) {
			p.Code[call.Pc] = p.Code[call.Pc]&^codeMask | uint32(lua.OP_CALL)<<codeShift
		}
	}
}

// patchHints gives {} room for four fields. Without a hint the first string key
// makes a map of 32 entries, 2.1 KB for every small object.
func patchHints(p *lua.FunctionProto) {
	for i, code := range p.Code {
		if code>>codeShift == uint32(lua.OP_NEWTABLE) && code&sizesMask == 0 {
			p.Code[i] = code | hashHint
		}
	}
}

// trim cuts the slices to their length: the compiler makes each for 1,024
// entries, 17 KB per function.
func trim(p *lua.FunctionProto) {
	p.Code = exact(p.Code)
	p.Constants = exact(p.Constants)
	p.FunctionPrototypes = exact(p.FunctionPrototypes)
	p.DbgSourcePositions = exact(p.DbgSourcePositions)
	p.DbgLocals = exact(p.DbgLocals)
	p.DbgCalls = exact(p.DbgCalls)
	p.DbgUpvalues = exact(p.DbgUpvalues)
}

// exact copies a slice into one of exactly its length; slices.Clip would keep
// the large array alive.
func exact[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return slices.Clip(append(make([]T, 0, len(s)), s...))
}

// protoBytes estimates the memory of a trimmed prototype.
func protoBytes(p *lua.FunctionProto) int {
	const (
		header   = 320
		position = 4 + 8
		constant = 16 + 16 + 16 // the value, its header, and gopher-lua's string copy
		local    = 8 + 40
		call     = 24
		upvalue  = 16
	)
	total := header + len(p.Code)*position + len(p.Constants)*constant + len(p.DbgLocals)*local +
		len(p.DbgCalls)*call + len(p.DbgUpvalues)*upvalue
	for _, c := range p.Constants {
		if s, ok := c.(lua.LString); ok {
			total += len(s)
		}
	}
	for _, inner := range p.FunctionPrototypes {
		total += protoBytes(inner)
	}
	return total
}
