package runtime

// goneGlobals are the globals of Lua 5.1 that scripts do not have, and what to
// use instead.
func goneGlobals() []ParamDoc {
	var gone []ParamDoc
	for _, table := range []struct{ name, instead string }{
		{"debug", "error messages carry the line, and the execution's record the traceback"},
		{"io", "keep data with the SDK; print writes to the execution's log"},
		{"package", "require loads modules of the same app"},
	} {
		gone = append(gone, ParamDoc{Name: table.name, Type: "table", Doc: table.instead})
	}
	const code = "scripts cannot make code at run time; put it into a module and require it"
	const environment = "a run has one environment, _G"
	for _, function := range []struct{ name, instead string }{
		{"dofile", code}, {"getfenv", environment}, {"load", code}, {"loadfile", code}, {"loadstring", code},
		{"module", "a module returns its table"}, {"newproxy", "use setmetatable"}, {"setfenv", environment},
	} {
		gone = append(gone, ParamDoc{Name: function.name, Type: "function", Doc: function.instead})
	}
	return gone
}

// differences tells how scripts differ from the Lua 5.1 manual, for whoever
// knows that. Most were found by comparing thousands of generated programs with
// the reference implementation.
func differences() []string {
	return []string{
		"Gone: `io`, `debug`, `dofile`, `loadfile`, `load`, `loadstring`, `package`, `module`, `newproxy`, `getfenv`, `setfenv`, `string.dump`, and all of `os` but `time`, `date`, `clock` and `difftime`.",
		"`collectgarbage` does nothing and answers only `\"count\"`.",
		"Library tables are read-only, `math.random` is seeded anew in each run, and `goto` works.",
		"NaN prints as `nan` without a sign, `-0` may print as `0`, and `tonumber(\"inf\")` and `tonumber(\"nan\")` are nil.",
		"`string.format(\"%c\", 0)` writes the byte, and a zero byte in a pattern stands for itself.",
		"`string.format(\"%s\", x)` uses `tostring` on any value.",
		"`xpcall` passes further arguments on, and its handler runs when the stack is already unwound.",
		"`assert(false, message)` raises a message of any type.",
		"`table.insert` refuses a position below 1, and `next` with a key that is not there ends the loop instead of raising.",
		"The words of the interpreter's own errors differ, and a function that came from a library names itself in \"bad argument\".",
		"`return y(x)`, where `y` is a local name for `coroutine.yield`, raises an error that says so; write `local r = y(x) return r`.",
		"Source is at most 256 KiB and 150 levels deep; a table constructor has at most 25,000 items.",
	}
}
