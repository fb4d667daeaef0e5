package manual

import (
	"fmt"
	"io"
	"strings"

	"picloud/runtime"
)

// StubsFile is the name of the annotation file, SettingsFile that of the
// language server's settings in the same folder.
const (
	StubsFile    = "picloud.lua"
	SettingsFile = ".luarc.json"
)

// Settings are what the language server must know besides the annotations: the
// version of Lua and which of its own libraries scripts do not have. package is
// off with them although require stays: the annotations declare it.
const Settings = `{
  "runtime.version": "Lua 5.1",
  "runtime.builtin": {
    "debug": "disable",
    "io": "disable",
    "os": "disable",
    "package": "disable"
  }
}
`

// stubs writes one annotation file. Types of the SDK become classes called
// picloud.NAME, its modules picloud.module.NAME.
type stubs struct {
	out   strings.Builder
	types map[string]bool
}

// WriteStubs writes annotations in the form of LuaCATS, which the Lua language
// server reads: one class for each module, type and table of options.
func WriteStubs(w io.Writer, d *runtime.Description) error {
	s := &stubs{types: map[string]bool{}}
	for _, module := range d.Modules {
		for _, kind := range module.Types {
			s.types[kind.Name] = true
		}
	}
	s.header(d)
	s.context(d.Context)
	for _, module := range d.Modules {
		s.module(module)
	}
	s.standard(d.Standard)
	s.gone(d.Gone)
	_, err := io.WriteString(w, s.out.String())
	return err
}

func (s *stubs) line(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

// comment writes text as comment lines.
func (s *stubs) comment(text string) {
	for line := range strings.Lines(text) {
		s.line("---%s", strings.TrimRight(line, "\n"))
	}
}

func (s *stubs) header(d *runtime.Description) {
	s.line("---@meta picloud")
	s.line("")
	s.line("-- What PiCloud scripts see, SDK %s. Written by `picloud sdk stubs`; do not edit.", d.Version)
	s.line("-- This file is for the Lua language server alone, it never runs.")
	s.line("--")
	s.line("-- Different from Lua 5.1:")
	for _, difference := range d.Differences {
		s.line("-- - %s", difference)
	}
}

func (s *stubs) context(ctx runtime.ParamDoc) {
	s.classes("picloud.ctx", ctx.Fields)
	s.line("")
	s.comment(ctx.Doc)
	s.line("---@type picloud.ctx")
	s.line("ctx = {}")
}

// classes writes a class for a table with known keys, those of the tables in it
// first.
func (s *stubs) classes(name string, fields []runtime.ParamDoc) {
	for _, field := range fields {
		if len(field.Fields) > 0 {
			s.classes(name+"."+field.Name, field.Fields)
		}
	}
	s.line("")
	s.line("---@class (exact) %s", name)
	for _, field := range fields {
		s.line("---@field %s %s %s", optional(field), s.typeOf(field.Type, name+"."+field.Name, field.Fields), field.Doc)
	}
}

func optional(p runtime.ParamDoc) string {
	if p.Optional && p.Name != "..." {
		return p.Name + "?"
	}
	return p.Name
}

// typeOf is a described type in the words of the language server; class is what
// a table with known keys is called.
func (s *stubs) typeOf(described, class string, fields []runtime.ParamDoc) string {
	var words []string
	for part := range strings.SplitSeq(described, "|") {
		item, isList := strings.CutSuffix(part, "[]")
		switch {
		case item == "table" && len(fields) > 0:
			item = class
		case s.types[item]:
			item = "picloud." + word(item)
		}
		if isList {
			item += "[]"
		}
		words = append(words, item)
	}
	return strings.Join(words, "|")
}

// word makes a type's name, which may have blanks, one that Lua can have.
func word(name string) string { return strings.ReplaceAll(name, " ", "_") }

func (s *stubs) module(m runtime.ModuleDescription) {
	for _, kind := range m.Types {
		s.kind(kind)
	}
	class := "picloud.module." + m.Name
	for _, fn := range m.Functions {
		s.tables(class+"."+fn.Name, fn)
	}
	s.line("")
	s.comment(m.Doc)
	s.line("---@class %s", class)
	for _, value := range m.Values {
		s.line("---@field %s %s %s", value.Name, value.Type, value.Doc)
	}
	s.line("%s = {}", m.Name)
	for _, fn := range m.Functions {
		s.function(m.Name+"."+fn.Name, class+"."+fn.Name, fn)
	}
}

func (s *stubs) kind(t runtime.TypeDescription) {
	name := word(t.Name)
	class, sign := "picloud."+name, "."
	if t.Colon {
		sign = ":"
	}
	for _, method := range t.Methods {
		s.tables(class+"."+method.Name, method)
	}
	s.line("")
	s.comment(t.Doc)
	s.line("---@class %s", class)
	s.line("local %s_type = {}", name)
	for _, method := range t.Methods {
		s.function(name+"_type"+sign+method.Name, class+"."+method.Name, method)
	}
}

// tables writes the classes of a function's options and of the tables it returns.
func (s *stubs) tables(class string, fn runtime.FunctionDescription) {
	for _, p := range fn.Params {
		if len(p.Fields) > 0 {
			s.classes(class+"."+p.Name, p.Fields)
		}
	}
	for _, r := range fn.Returns {
		if len(r.Fields) > 0 {
			s.classes(class+".result", r.Fields)
		}
	}
}

func (s *stubs) function(name, class string, fn runtime.FunctionDescription) {
	s.line("")
	s.comment(fn.Doc)
	if fn.Example != "" {
		s.comment("\n```lua\n" + fn.Example + "\n```")
	}
	var names []string
	for _, p := range fn.Params {
		names = append(names, p.Name)
		s.line("---@param %s %s", optional(p), strings.TrimSpace(s.typeOf(p.Type, class+"."+p.Name, p.Fields)+" "+p.Doc))
	}
	for _, r := range fn.Returns {
		s.line("---@return %s", strings.TrimSuffix(s.typeOf(r.Type, class+".result", r.Fields)+" # "+r.Doc, " # "))
	}
	s.line("function %s(%s) end", name, strings.Join(names, ", "))
}

// standard writes what the language server does not know by itself once its own
// os and package are off.
func (s *stubs) standard(modules []runtime.ModuleDescription) {
	for _, module := range modules {
		switch module.Name {
		case "os":
			s.module(module)
		case "":
			for _, fn := range module.Functions {
				if fn.Name == "require" {
					s.function("require", "picloud.require", fn)
				}
			}
		}
	}
}

// gone marks functions that the language server knows and scripts do not have.
func (s *stubs) gone(globals []runtime.ParamDoc) {
	for _, global := range globals {
		if global.Type != "function" {
			continue
		}
		s.line("")
		s.comment("PiCloud does not have this: " + global.Doc + ".")
		s.line("---@deprecated")
		s.line("function %s() end", global.Name)
	}
}
