package sdk

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

// secretCost is how many times its length a value takes in memory once it was
// read: itself, and the forms in which the record looks for it.
const secretCost = 20

func secretsModule() runtime.Module {
	return runtime.Module{
		Name: "secrets",
		Doc: "The app's secrets: passwords, tokens and keys that stand in no script. Where the value of one that this run has read " +
			"would appear in the run's log, error, or stored request or response, also as JSON, in a URL, in hex or in base64, " +
			"the record shows «secret:NAME»; values under 6 bytes are too short to tell from other text and are not masked. " +
			"What a script stores or sends is not masked.",
		Funcs: []runtime.Func{{
			Name:    "get",
			Doc:     "Returns the value of a secret.",
			Params:  []runtime.ParamDoc{{Name: "name", Type: "string", Doc: "The name under which it was saved."}},
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The value."}},
			Errors:  []string{"name is not a string", "the app has no secret of that name: the error names it", "the stored value cannot be opened"},
			Example: `local key = secrets.get("WEATHER_KEY")
return "a key of " .. #key .. " characters"`,
			Call: getSecret,
		}},
	}
}

func getSecret(L *lua.LState) int {
	name := luax.Args{L: L, Func: "secrets.get"}.String(1, "name")
	value, err := runtime.From(L).Secret(name)
	var missing *store.Error
	switch {
	case errors.As(err, &missing) && missing.Kind == store.KindNotFound:
		L.RaiseError("secrets.get: the app has no secret called %q; an app admin can save it", name)
	case err != nil:
		runtime.From(L).Fault("secrets.get", err)
		L.RaiseError("secrets.get: the secret %q cannot be opened; save it again", name)
	}
	charge := meter.From(L)
	charge.Step(L, 64+len(value))
	charge.ChargeMemory(L, secretCost*len(value))
	charge.ChargeString(L, len(value))
	L.Push(lua.LString(value))
	return 1
}
