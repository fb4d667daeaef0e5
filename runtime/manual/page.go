package manual

import (
	"fmt"
	"io"
	"strings"

	"picloud/runtime"
)

// page writes one Markdown document.
type page struct{ out strings.Builder }

// WritePage writes docs/sdk.md.
func WritePage(w io.Writer, d *runtime.Description) error {
	p := &page{}
	p.line("# What scripts can call")
	p.line("")
	p.line("SDK %s. This page is written from the descriptions beside the code; after a change there run `go test ./runtime/manual -update`.", d.Version)
	p.line("How scripts are called and what they may return is in [scripts.md](scripts.md). A `?` marks what may be left out. Every function raises an")
	p.line("error that names it, the argument and what it expected; the examples are whole scripts, and a test runs each of them.")
	p.line("")
	for _, module := range d.Modules {
		p.line("- [%s](#%s): %s", module.Name, module.Name, firstSentence(module.Doc))
	}
	p.line("- [ctx](#ctx), [Lua's own functions](#luas-own-functions), [differences from Lua 5.1](#differences-from-lua-51)")
	p.context(d.Context)
	for _, module := range d.Modules {
		p.module(module)
	}
	p.standard(d.Standard)
	p.differences(d)
	_, err := io.WriteString(w, p.out.String())
	return err
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.out, format+"\n", args...) }

func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(sentence, ".") + "."
}

func (p *page) context(ctx runtime.ParamDoc) {
	p.line("")
	p.line("## ctx")
	p.line("")
	p.line("%s", ctx.Doc)
	p.fieldTable("ctx", ctx.Fields)
	for _, field := range ctx.Fields {
		if len(field.Fields) > 0 {
			p.fieldTable("ctx."+field.Name, field.Fields)
		}
	}
}

func (p *page) fieldTable(of string, fields []runtime.ParamDoc) {
	p.line("")
	p.line("| %s | type | |", of)
	p.line("| --- | --- | --- |")
	for _, field := range fields {
		p.line("| `%s` | `%s` | %s |", field.Name, cell(field.Type), cell(field.Doc))
	}
}

// cell is text that can stand in a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func (p *page) module(m runtime.ModuleDescription) {
	p.line("")
	p.line("## %s", m.Name)
	p.line("")
	p.line("%s", m.Doc)
	for _, value := range m.Values {
		p.line("")
		p.line("`%s.%s` (%s): %s", m.Name, value.Name, value.Type, value.Doc)
	}
	for _, fn := range m.Functions {
		p.function("###", fn)
	}
	for _, kind := range m.Types {
		p.line("")
		p.line("### %s", kind.Name)
		p.line("")
		p.line("%s", kind.Doc)
		for _, method := range kind.Methods {
			p.function("####", method)
		}
	}
}

func (p *page) function(heading string, fn runtime.FunctionDescription) {
	p.line("")
	p.line("%s `%s`", heading, fn.Signature)
	p.line("")
	p.line("%s", fn.Doc)
	p.line("")
	p.fields("", fn.Params)
	for i, r := range fn.Returns {
		word := "Returns"
		if i > 0 {
			word = "And"
		}
		p.line("- %s (%s): %s", word, r.Type, r.Doc)
		p.fields("  ", r.Fields)
	}
	p.line("- Raises: %s.", strings.Join(fn.Errors, "; "))
	if fn.Counted {
		p.line("- Counts as an SDK call.")
	}
	p.line("")
	p.line("```lua")
	p.line("%s", fn.Example)
	p.line("```")
}

func (p *page) fields(indent string, fields []runtime.ParamDoc) {
	for _, field := range fields {
		p.line("%s- `%s` (%s): %s", indent, optional(field), field.Type, field.Doc)
		p.fields(indent+"  ", field.Fields)
	}
}

func (p *page) standard(modules []runtime.ModuleDescription) {
	p.line("")
	p.line("## Lua's own functions")
	for _, module := range modules {
		p.line("")
		if module.Name != "" {
			p.line("**%s**: %s", module.Name, module.Doc)
		} else {
			p.line("%s", module.Doc)
		}
		p.line("")
		for _, fn := range module.Functions {
			p.line("- `%s`: %s", fn.Signature, fn.Doc)
		}
		for _, value := range module.Values {
			p.line("- `%s`: %s", strings.TrimPrefix(module.Name+"."+value.Name, "."), value.Doc)
		}
	}
}

func (p *page) differences(d *runtime.Description) {
	p.line("")
	p.line("## Differences from Lua 5.1")
	p.line("")
	for _, difference := range d.Differences {
		p.line("- %s", difference)
	}
	p.line("")
	p.line("Instead of what is gone:")
	p.line("")
	for _, gone := range d.Gone {
		p.line("- `%s`: %s.", gone.Name, gone.Doc)
	}
}
