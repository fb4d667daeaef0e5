package sdk

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
)

// maxLogData bounds the JSON text of one line's data; a line has 4 KiB in all.
const maxLogData = 4 << 10

func logModule() runtime.Module {
	return runtime.Module{
		Name: "log",
		Doc:  "Writes lines to the execution's log: up to 200 lines of 4 KiB, further ones are counted.",
		Funcs: []runtime.Func{
			logFunc("trace", "the finest detail", `log.trace("loop entered")`),
			logFunc("debug", "detail for finding faults", `log.debug("request", { method = ctx.request.method })`),
			logFunc("info", "what happened", `log.info("door opened", { room = "hall" })`),
			logFunc("warn", "what looks wrong but was survived", `log.warn("battery low", { percent = 12 })`),
			logFunc("error", "what failed", `log.error("sensor does not answer", { tries = 3 })`),
		},
	}
}

func logFunc(level, purpose, example string) runtime.Func {
	return runtime.Func{
		Name: level,
		Doc:  "Logs one line at the level " + level + ": " + purpose + ".",
		Params: []runtime.ParamDoc{
			{Name: "message", Type: "string", Doc: "What to say. A number or boolean is written as text."},
			{Name: "data", Type: "table", Doc: "Kept beside the message as structured data (JSON).", Optional: true},
		},
		Errors: []string{
			"message is missing or is a table, function or userdata",
			"data is not a table, or has no JSON form (a function, a cycle, a string that is not UTF-8), or is over 4 KiB as JSON",
		},
		Example: example,
		Call:    func(L *lua.LState) int { return writeLog(L, level) },
	}
}

func writeLog(L *lua.LState, level string) int {
	args := luax.Args{L: L, Func: "log." + level}
	message := logMessage(args)
	var data []byte
	if table := args.OptTable(2, "data"); table != nil {
		encoded, err := luax.EncodeJSON(L, nil, table, maxLogData)
		if err != nil {
			L.RaiseError("%s: %s", args.Func, describe("data", err))
		}
		data = encoded
	}
	runtime.From(L).Log(level, message, data)
	return 0
}

func logMessage(args luax.Args) string {
	switch value := args.Any(1, "message").(type) {
	case lua.LString, lua.LNumber, lua.LBool:
		return value.String()
	}
	return args.String(1, "message")
}

// describe tells where in the value called name the encoder stopped.
func describe(name string, err error) string {
	var where *luax.EncodeError
	if errors.As(err, &where) {
		return where.In(name)
	}
	return err.Error()
}
