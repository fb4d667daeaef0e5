package runtime

import "strings"

// standardModules describes what is kept of Lua's own library (spec 3); the
// module without a name has the global functions.
func standardModules() []Module {
	return []Module{
		{Doc: "The global functions.", Funcs: baseDocs(), Values: []Value{
			{Name: "_G", Type: "table", Doc: "The run's global variables. Nothing in it outlives the run."},
			{Name: "_VERSION", Type: "string", Doc: "\"Lua 5.1\"."},
		}},
		{Name: "string", Doc: "Text, which is bytes. Every function is also a method: (\"x\"):rep(3).", Funcs: stringDocs()},
		{Name: "table", Doc: "Lists.", Funcs: tableDocs()},
		{Name: "math", Doc: "Numbers.", Funcs: mathDocs(), Values: []Value{
			{Name: "huge", Type: "number", Doc: "Infinity."},
			{Name: "pi", Type: "number", Doc: "3.14159..."},
		}},
		{Name: "coroutine", Doc: "Functions that can pause.", Funcs: coroutineDocs()},
		{Name: "os", Doc: "What is left of os: the time.", Funcs: osDocs()},
	}
}

// standard describes a function of Lua by a short form of its parameters,
// "list table, from? integer", and of its results, "string, integer".
func standard(name, params, returns, doc string) Func {
	fn := Func{Name: name, Doc: doc}
	for text := range strings.SplitSeq(params, ", ") {
		if text == "" {
			continue
		}
		name, kind, _ := strings.Cut(text, " ")
		required, optional := strings.CutSuffix(name, "?")
		fn.Params = append(fn.Params, ParamDoc{Name: required, Type: kind, Optional: optional || required == "..."})
	}
	for kind := range strings.SplitSeq(returns, ", ") {
		if kind != "" {
			fn.Returns = append(fn.Returns, ReturnDoc{Type: kind})
		}
	}
	return fn
}

func baseDocs() []Func {
	return []Func{
		standard("assert", "v any, message? any, ... any", "any", "Returns its arguments, or raises message when v is false or nil."),
		standard("collectgarbage", "option? string", "number", "Does nothing; \"count\" answers the KiB that the run holds."),
		standard("error", "message any, level? integer", "", "Raises an error."),
		standard("getmetatable", "object any", "any", "Returns an object's metatable, or its field __metatable."),
		standard("ipairs", "list table", "function, table, integer", "For a for loop over 1, 2, 3, ... up to the first nil."),
		standard("next", "t table, key? any", "any, any", "Returns the key after another one, and its value."),
		standard("pairs", "t table", "function, table, nil", "For a for loop over all keys, in the order in which they were set."),
		standard("pcall", "f function, ... any", "boolean, any", "Calls f and returns true and its results, or false and the error. A limit is not caught."),
		standard("print", "... any", "", "Writes an info line to the execution's log."),
		standard("rawequal", "a any, b any", "boolean", "Compares without metamethods."),
		standard("rawget", "t table, key any", "any", "Reads without metamethods."),
		standard("rawset", "t table, key any, value any", "table", "Writes without metamethods."),
		standard("require", "name string", "any", "Returns what a module of the same app returns; it runs once in each execution."),
		standard("select", "n integer|string, ... any", "any", "Returns the arguments from the nth on, or with \"#\" their number."),
		standard("setmetatable", "t table, metatable table|nil", "table", "Sets the metatable of a table."),
		standard("tonumber", "v any, base? integer", "number|nil", "Returns v as a number, or nil."),
		standard("tostring", "v any", "string", "Returns v as text."),
		standard("type", "v any", "string", "Returns the name of v's type."),
		standard("unpack", "list table, from? integer, to? integer", "any", "Returns the items of a list, at most 7,900."),
		standard("xpcall", "f function, handler function, ... any", "boolean, any", "As pcall, but the error goes through handler."),
	}
}

func stringDocs() []Func {
	return []Func{
		standard("byte", "s string, from? integer, to? integer", "integer", "Returns the codes of bytes."),
		standard("char", "... integer", "string", "Returns the bytes with these codes."),
		standard("find", "s string, pattern string, init? integer, plain? boolean", "integer|nil, integer, string", "Returns where a pattern matches first, and its captures."),
		standard("format", "format string, ... any", "string", "Fills values into a format."),
		standard("gmatch", "s string, pattern string", "function", "For a for loop over all matches."),
		standard("gsub", "s string, pattern string, replacement string|table|function, limit? integer", "string, integer", "Replaces matches; returns the text and how many there were."),
		standard("len", "s string", "integer", "Returns the number of bytes, as # does."),
		standard("lower", "s string", "string", "Makes A to Z small."),
		standard("match", "s string, pattern string, init? integer", "string|nil, string", "Returns the captures of the first match, or all of it."),
		standard("rep", "s string, n integer", "string", "Returns s, n times."),
		standard("reverse", "s string", "string", "Returns the bytes in reverse order."),
		standard("sub", "s string, from integer, to? integer", "string", "Returns a part; negative positions count from the end."),
		standard("upper", "s string", "string", "Makes a to z large."),
	}
}

func tableDocs() []Func {
	return []Func{
		standard("concat", "list table, separator? string, from? integer, to? integer", "string", "Joins strings and numbers."),
		standard("foreach", "t table, f function", "any", "Calls f with every key and value. Old; use pairs."),
		standard("foreachi", "list table, f function", "any", "Calls f with every position and item. Old; use ipairs."),
		standard("getn", "list table", "integer", "Returns the length of a list. Old; use #."),
		standard("insert", "list table, position any, value? any", "", "Puts a value at a position, or at the end when there is no position."),
		standard("maxn", "t table", "number", "Returns the largest positive numeric key."),
		standard("remove", "list table, position? integer", "any", "Takes out the item at a position, or the last one."),
		standard("sort", "list table, before? function", "", "Sorts in place."),
	}
}

func mathDocs() []Func {
	docs := []Func{
		standard("atan2", "y number, x number", "number", "The angle of a point, in radians."),
		standard("fmod", "x number, y number", "number", "The remainder, with the sign of x."),
		standard("frexp", "x number", "number, integer", "Mantissa and exponent."),
		standard("ldexp", "m number, e integer", "number", "m times 2^e."),
		standard("max", "x number, ... number", "number", "The greatest."),
		standard("min", "x number, ... number", "number", "The least."),
		standard("mod", "x number, y number", "number", "fmod by its old name."),
		standard("modf", "x number", "number, number", "The whole part and the rest."),
		standard("pow", "x number, y number", "number", "x^y."),
		standard("random", "low? integer, high? integer", "number", "A pseudo-random number in [0, 1), from 1 to low, or from low to high. Not for secrets: see the module random."),
		standard("randomseed", "seed number", "", "Makes the run's pseudo-random numbers repeatable; without it each run has others."),
	}
	for _, fn := range []struct{ name, doc string }{
		{"abs", "The absolute value."}, {"acos", "Arc cosine."}, {"asin", "Arc sine."}, {"atan", "Arc tangent."}, {"ceil", "The next whole number up."},
		{"cos", "Cosine."}, {"cosh", "Hyperbolic cosine."}, {"deg", "Radians in degrees."}, {"exp", "e^x."}, {"floor", "The next whole number down."},
		{"log", "The natural logarithm."}, {"log10", "The logarithm to base 10."}, {"rad", "Degrees in radians."}, {"sin", "Sine."},
		{"sinh", "Hyperbolic sine."}, {"sqrt", "The square root."}, {"tan", "Tangent."}, {"tanh", "Hyperbolic tangent."},
	} {
		docs = append(docs, standard(fn.name, "x number", "number", fn.doc))
	}
	return docs
}

func coroutineDocs() []Func {
	return []Func{
		standard("create", "f function", "thread", "Makes a coroutine."),
		standard("resume", "co thread, ... any", "boolean, any", "Runs it until it pauses or ends."),
		standard("running", "", "thread|nil", "Returns the coroutine that runs, nil outside any."),
		standard("status", "co thread", "string", "\"running\", \"suspended\", \"normal\" or \"dead\"."),
		standard("wrap", "f function", "function", "Makes a coroutine and returns a function that resumes it."),
		standard("yield", "... any", "any", "Pauses; not across pcall, sort, gsub or a metamethod."),
	}
}

func osDocs() []Func {
	return []Func{
		standard("clock", "", "number", "Seconds since the run began."),
		standard("date", "format? string, t? number", "string|table", "Writes a moment in the local time zone; with \"!\" in UTC, \"*t\" gives a table."),
		standard("difftime", "later number, earlier? number", "number", "Seconds between two moments."),
		standard("time", "t? table", "integer", "Seconds since 1970, now or of a table with year, month, day and so on."),
	}
}
