package sdk

import (
	"errors"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// maxLogData bounds the JSON text that is made of one line's data. It is far
// over the 4 KiB of a line, so that the line can say how much was left out.
const maxLogData = 64 << 10

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
			{Name: "data", Type: "table", Doc: "Kept beside the message as structured data (JSON); left out, with a note in the line, when the line would be over 4 KiB.", Optional: true},
		},
		Errors: []string{
			"message is missing or is a table, function or userdata",
			"data is not a table, or has no JSON form (a function, a cycle, a string that is not UTF-8)",
		},
		Example: example,
		Call:    func(L *lua.LState) int { return writeLog(L, level) },
	}
}

func writeLog(L *lua.LState, level string) int {
	args := luax.Args{L: L, Func: "log." + level}
	message := logMessage(args)
	table := args.OptTable(2, "data")
	if table == nil {
		runtime.From(L).Log(level, message, nil)
		return 0
	}
	data, err := luax.EncodeJSON(L, nil, table, maxLogData)
	var where *luax.EncodeError
	switch {
	case errors.As(err, &where) && where.TooLong:
		meter.From(L).ChargeMemory(L, maxLogData)
		runtime.From(L).LogWithout(level, message, "data of over "+strconv.Itoa(maxLogData)+" bytes")
	case err != nil:
		L.RaiseError("%s: %s", args.Func, describe("data", err))
	default:
		meter.From(L).ChargeMemory(L, len(data))
		runtime.From(L).Log(level, message, data)
	}
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
