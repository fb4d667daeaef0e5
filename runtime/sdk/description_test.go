package sdk_test

import (
	"fmt"
	"strings"
	"testing"

	"picloud/runtime"
	"picloud/runtime/sdk"
)

// Every function, method and field says what it is for, and an options table
// which keys it may have: the linter and the editor know them from there alone.
func TestDescriptionsAreComplete(t *testing.T) {
	t.Parallel()
	var checkFields func(of string, fields []runtime.ParamDoc)
	checkFields = func(of string, fields []runtime.ParamDoc) {
		for _, field := range fields {
			if field.Name == "" || field.Type == "" || field.Doc == "" {
				t.Errorf("%s has a parameter or field without name, type or description: %+v", of, field)
			}
			if field.Name == "options" && len(field.Fields) == 0 {
				t.Errorf("%s does not describe its options in Fields", of)
			}
			checkFields(of+" "+field.Name, field.Fields)
		}
	}
	checkFunctions := func(functions []runtime.FunctionDescription) {
		for _, fn := range functions {
			if fn.Doc == "" || fn.Example == "" || len(fn.Errors) == 0 {
				t.Errorf("%s lacks a description, an example or its errors", fn.Signature)
			}
			checkFields(fn.Signature, fn.Params)
			for _, result := range fn.Returns {
				if result.Type == "" {
					t.Errorf("%s has a result without a type", fn.Signature)
				}
				checkFields(fn.Signature, result.Fields)
			}
		}
	}
	for _, module := range runtime.Describe(sdk.Modules()).Modules {
		checkFunctions(module.Functions)
		checkFields(module.Name, module.Values)
		for _, kind := range module.Types {
			if kind.Doc == "" {
				t.Errorf("the type %s has no description", kind.Name)
			}
			checkFunctions(kind.Methods)
		}
	}
}

// receivers make a value of each type whose methods take options.
var receivers = map[string]string{"kv": `kv.collection("x")`, "docs": `docs.collection("x")`}

// The option keys that a function takes are those of its description.
func TestOptionsAreAsDescribed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, module := range runtime.Describe(sdk.Modules()).Modules {
		for _, fn := range module.Functions {
			b.checkOptions(module.Name+"."+fn.Name, module.Name+"."+fn.Name, nil, fn.Params)
		}
		for _, kind := range module.Types {
			for _, method := range kind.Methods {
				receiver := receivers[kind.Name]
				b.checkOptions(kind.Name+":"+method.Name, "("+receiver+")."+method.Name, []string{receiver}, method.Params)
			}
		}
	}
}

// checkOptions calls a function with a key that it does not know at each
// parameter with described keys: the error must list just those.
func (b *bench) checkOptions(name, function string, arguments []string, params []runtime.ParamDoc) {
	b.t.Helper()
	plausible := map[string]string{"string": `"x"`, "number": "1", "integer": "1", "table": "{ a = 1 }", "boolean": "true", "any": "1", "function": "print"}
	for _, param := range params {
		if len(param.Fields) > 0 {
			var keys []string
			for _, field := range param.Fields {
				keys = append(keys, field.Name)
			}
			source := fmt.Sprintf("local ok, message = pcall(%s, %s)\nreturn { ok = ok, message = message }",
				function, strings.Join(append(arguments, `{ ["no such key"] = 1 }`), ", "))
			result := b.run(source)
			want := `\"no such key\" (known: ` + strings.Join(keys, ", ") + ")"
			if result.Err != nil || !strings.Contains(string(result.Body), want) {
				b.t.Errorf("%s: %v %s, want %s", name, result.Err, result.Body, want)
			}
		}
		arguments = append(arguments, plausible[param.Type])
	}
}

func functionNames() []string {
	var names []string
	for _, module := range sdk.Modules() {
		for _, fn := range module.Funcs {
			names = append(names, module.Name+"."+fn.Name)
		}
	}
	return names
}
