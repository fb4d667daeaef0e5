package runtime

import "strings"

// Description is what scripts see, for the editor, the linter, docs/sdk.md and
// the annotations of the Lua language server alike (spec 3, "One description,
// four uses").
type Description struct {
	Version     string              `json:"version"`     // of what scripts see, major.minor
	Modules     []ModuleDescription `json:"modules"`     // of PiCloud
	Standard    []ModuleDescription `json:"standard"`    // of Lua; the one without a name has the global functions
	Context     ParamDoc            `json:"context"`     // ctx
	Gone        []ParamDoc          `json:"gone"`        // globals of Lua 5.1 that scripts do not have
	Differences []string            `json:"differences"` // from Lua 5.1
}

// ModuleDescription is one table of functions.
type ModuleDescription struct {
	Name      string                `json:"name"`
	Doc       string                `json:"doc"`
	Functions []FunctionDescription `json:"functions"`
	Values    []ParamDoc            `json:"values"`
	Types     []TypeDescription     `json:"types"`
}

// TypeDescription is one kind of value that functions of a module return.
type TypeDescription struct {
	Name    string                `json:"name"` // as in the Type of a result
	Doc     string                `json:"doc"`
	Colon   bool                  `json:"colon"` // methods are called with ':', not '.'
	Methods []FunctionDescription `json:"methods"`
}

// FunctionDescription is one function or method. Errors and Example are empty
// for those of Lua.
type FunctionDescription struct {
	Name      string      `json:"name"`      // "encode"
	Signature string      `json:"signature"` // "base64.encode(data, options?) → string"
	Doc       string      `json:"doc"`
	Params    []ParamDoc  `json:"params"`
	Returns   []ReturnDoc `json:"returns"`
	Errors    []string    `json:"errors"` // when it raises
	Example   string      `json:"example"`
	Counted   bool        `json:"counted"` // as an SDK call
}

// Describe describes what a script sees with these modules.
func Describe(modules []Module) *Description {
	d := &Description{Version: SDKVersion, Context: contextDoc(), Gone: goneGlobals(), Differences: differences()}
	for _, module := range modules {
		d.Modules = append(d.Modules, describeModule(module))
	}
	for _, module := range standardModules() {
		d.Standard = append(d.Standard, describeModule(module))
	}
	return d
}

// Description is what scripts of this engine see.
func (e *Engine) Description() *Description { return e.description }

func describeModule(module Module) ModuleDescription {
	prefix := module.Name + "."
	if module.Name == "" {
		prefix = ""
	}
	described := ModuleDescription{
		Name: module.Name, Doc: module.Doc, Functions: describeFuncs(prefix, module.Funcs),
		Values: []ParamDoc{}, Types: []TypeDescription{},
	}
	for _, value := range module.Values {
		described.Values = append(described.Values, ParamDoc{Name: value.Name, Type: value.Type, Doc: value.Doc})
	}
	for _, kind := range module.Types {
		described.Types = append(described.Types, TypeDescription{
			Name: strings.TrimRight(kind.Name, ":."), Doc: kind.Doc,
			Colon: strings.HasSuffix(kind.Name, ":"), Methods: describeFuncs(kind.Name, kind.Methods),
		})
	}
	return described
}

func describeFuncs(prefix string, funcs []Func) []FunctionDescription {
	described := make([]FunctionDescription, 0, len(funcs))
	for _, fn := range funcs {
		described = append(described, FunctionDescription{
			Name: fn.Name, Signature: signature(prefix+fn.Name, fn), Doc: fn.Doc, Params: append([]ParamDoc{}, fn.Params...),
			Returns: append([]ReturnDoc{}, fn.Returns...), Errors: append([]string{}, fn.Errors...), Example: fn.Example, Counted: fn.Counted,
		})
	}
	return described
}

// signature is a call as documents write it.
func signature(name string, fn Func) string {
	var params, returns []string
	for _, p := range fn.Params {
		if p.Optional && p.Name != "..." {
			p.Name += "?"
		}
		params = append(params, p.Name)
	}
	for _, r := range fn.Returns {
		returns = append(returns, r.Type)
	}
	text := name + "(" + strings.Join(params, ", ") + ")"
	if len(returns) > 0 {
		text += " → " + strings.Join(returns, ", ")
	}
	return text
}
