package sdk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"picloud/runtime"
	"picloud/runtime/sdk"
	"picloud/store"
)

// runWith runs source under limits of its own.
func (b *bench) runWith(source string, timeoutMS int64, limits store.Limits) *runtime.Result {
	b.t.Helper()
	return b.engine.Run(context.Background(), b.invocation(source, timeoutMS, limits, nil))
}

func (b *bench) invocation(source string, timeoutMS int64, limits store.Limits, body []byte) *runtime.Invocation {
	b.t.Helper()
	b.count++
	script, err := b.store.CreateScript(context.Background(), b.app.ID, store.ScriptDraft{
		Name: fmt.Sprint("limited-", b.count), Source: source, Kind: store.ScriptEndpoint, Access: store.AccessOpen,
		TimeoutMS: &timeoutMS, Limits: limits,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return &runtime.Invocation{
		Script: b.store.Catalog().Scripts[script.ID], Kind: runtime.KindTest,
		Request: &runtime.Request{Method: "POST", Path: "/", Header: http.Header{}, Body: body},
	}
}

// A sleep counts against the deadline, which pcall does not survive, and costs
// no instructions.
func TestSleepEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result := b.runWith(`pcall(time.sleep, 300000) log.info("survived")`, 60, store.Limits{})
	if result.Err == nil || result.Err.Code != "timeout" || len(result.Execution.Logs) != 0 {
		t.Errorf("error %v, log %v; want a timeout that is not caught", result.Err, result.Execution.Logs)
	}
	if used := result.Execution.Usage.Instructions; used > 100 {
		t.Errorf("the sleep cost %d instructions", used)
	}
	instructions := int64(1000)
	if result := b.runWith(`time.sleep(30) return os.clock()`, 10_000, store.Limits{Instructions: &instructions}); result.Err != nil {
		t.Error(result.Err)
	}
}

// Work in Go is charged, so that a small budget stops each of these calls, and
// a large result is refused before it is made.
func TestUtilitiesAreBudgeted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	few, stringBytes := int64(20_000), int64(1<<20)
	long := `local s = string.rep("ab", 300000) `
	for _, row := range []struct{ source, code string }{
		{long + `regex.match(s, "(a*b*)*c")`, "instruction_limit"},
		{long + `regex.find_all(s, "a")`, "instruction_limit"},
		{long + `regex.replace(s, "(?:a+b)+c|b", "x")`, "instruction_limit"},
		{long + `regex.split(s, "b")`, "instruction_limit"},
		{long + `crypto.sha256(s)`, "instruction_limit"},
		{long + `crypto.hmac("md5", s, "")`, "instruction_limit"},
		{`for i = 1, 1000 do regex.match("x", "a{" .. i .. "}") end`, "instruction_limit"},
		{`while true do time.iso(0, "Europe/Vienna") end`, "instruction_limit"},
		{`for i = 1, 1000 do pcall(time.iso, 0, "No/Zone" .. i) end`, "instruction_limit"},
		{`random.string(500000)`, "instruction_limit"},
		{`local t = {} for i = 1, 3000 do t["k" .. i] = i end for _ = 1, 9 do url.query(t) end`, "instruction_limit"},
		{`local t = {} for i = 1, 3000 do t[i] = i end for _ = 1, 9 do random.shuffle(t) end`, "instruction_limit"},
		{`local s = string.rep("a", 900000) return base64.encode(s)`, "memory_limit"},
		{`local s = string.rep("a", 900000) return hex.encode(s)`, "memory_limit"},
		{`local s = string.rep("a", 900000) return url.encode(s)`, "memory_limit"},
		{`local s = string.rep("a", 900000) return url.query({ [s] = s })`, "memory_limit"},
		{`local s = string.rep("a", 900) return regex.replace(s, "a", string.rep("b", 2000))`, "memory_limit"},
	} {
		result := b.runWith(row.source, 10_000, store.Limits{Instructions: &few, StringBytes: &stringBytes})
		if result.Err == nil || result.Err.Code != row.code {
			t.Errorf("%s: %v, want %s", row.source, result.Err, row.code)
		}
	}
}

// What a function is still making is the script's memory already: the walk sees
// it, although only Go code knows of it yet.
func TestListsInTheMakingAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	few, memory := int64(8_000_000), int64(1<<20)
	for source, most := range map[string]int64{
		`return regex.find_all(string.rep("a", 30000), "a")`:           100_000, // a third of what all of it takes
		`return regex.split(string.rep("a,", 100000), ",")`:            800_000,
		`return json.decode("[" .. string.rep("[],", 30000) .. "[]]")`: few,
		`local t = {} for i = 1, 1000 do t[i] = "k" .. i .. "=1" end local s = table.concat(t, "&") t = nil
		local all = s for i = 1, 10 do all = all .. "&" .. s:gsub("k", "k" .. i .. "_") end return url.parse("/?" .. all)`: few,
	} {
		result := b.runWith(source, 10_000, store.Limits{Instructions: &few, MemoryBytes: &memory})
		if result.Err == nil || result.Err.Code != "memory_limit" || result.Execution.Usage.Instructions > most {
			t.Errorf("%s: %v after %d instructions, want memory_limit before %d", source, result.Err, result.Execution.Usage.Instructions, most)
		}
	}
}

// A search that the instructions would allow ends at the deadline all the same.
func TestSearchEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	many := int64(1_000_000_000)
	began := time.Now()
	result := b.runWith(`local s = string.rep("ab", 2000000) while true do regex.match(s, "(a*b*){60}c") end`, 100, store.Limits{Instructions: &many})
	if result.Err == nil || result.Err.Code != "timeout" {
		t.Errorf("error %v, want a timeout", result.Err)
	}
	t.Logf("a deadline of 100 ms ended the search after %v", time.Since(began))
}

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

// arguments makes the JSON of a call from fuzzed bytes: which function, and
// values of every type with special ones among them.
func arguments(data []byte, names []string) []byte {
	next := func() byte {
		if len(data) == 0 {
			return 0
		}
		first := data[0]
		data = data[1:]
		return first
	}
	var value func(depth int) any
	value = func(depth int) any {
		switch kind := next() % 9; {
		case kind == 0:
			return nil
		case kind == 1:
			return next()%2 == 0
		case kind == 2:
			return int(next()) - 128
		case kind == 3:
			return map[string]any{"special": []string{"nan", "inf", "-inf", "2^53", "-2^53", "0.5", "1e300"}[next()%7]}
		case kind <= 5:
			n := min(int(next()), len(data))
			text := string(data[:n])
			data = data[n:]
			return map[string]any{"hex": fmt.Sprintf("%x", text)}
		case kind == 6 && depth < 3:
			return []any{value(depth + 1), value(depth + 1)}
		case depth < 3:
			keys := []string{"url", "encoding", "limit", "tz", "days", "query", "host", "port", "scheme", "x"}
			return map[string]any{"table": map[string]any{keys[int(next())%len(keys)]: value(depth + 1)}}
		}
		return "text"
	}
	call := map[string]any{"fn": names[int(next())%len(names)]}
	var values []any
	for range next() % 5 {
		values = append(values, value(0))
	}
	call["args"], call["n"] = values, len(values)
	encoded, err := json.Marshal(call)
	if err != nil {
		panic(err)
	}
	return encoded
}

const callScript = `
local special = { nan = 0 / 0, inf = math.huge, ["-inf"] = -math.huge, ["2^53"] = 2 ^ 53, ["-2^53"] = -2 ^ 53, ["0.5"] = 0.5, ["1e300"] = 1e300 }
local function value(v)
  if type(v) ~= "table" then return v ~= json.null and v or nil end
  if v.special then return special[v.special] end
  if v.hex then return hex.decode(v.hex) end
  local t = {}
  for k, inner in pairs(v.table or v) do t[k] = value(inner) end
  return t
end
local call, arguments = ctx.request.body, {}
for i = 1, call.n do arguments[i] = value(call.args[i]) end
local module, name = call.fn:match("(.+)%.(.+)")
local ok, message = pcall(_G[module][name], unpack(arguments, 1, call.n))
return { ok = ok, message = not ok and base64.encode(tostring(message)) or nil }`

// checkCall makes one call with the arguments that data stands for: it must
// answer, reach a limit, or raise an error that names the function.
func checkCall(t *testing.T, engine *runtime.Engine, invocation *runtime.Invocation, body []byte) {
	t.Helper()
	request := *invocation.Request
	request.Body = body
	call := *invocation
	call.Request = &request
	result := engine.Run(context.Background(), &call)
	if result.Err != nil {
		if result.Err.Code != "timeout" && result.Err.Code != "instruction_limit" && result.Err.Code != "memory_limit" {
			t.Fatalf("%s: %v", body, result.Err)
		}
		return
	}
	var answer struct {
		OK      bool
		Message []byte
	}
	var called struct{ Fn string }
	if err := json.Unmarshal(result.Body, &answer); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &called); err != nil {
		t.Fatal(err)
	}
	if !answer.OK && !strings.Contains(string(answer.Message), called.Fn+": ") {
		t.Errorf("%s raises %q, which does not name the function", body, answer.Message)
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

// Random arguments to every function: an answer or an error that names it.
func TestAnyArgumentsAreAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	invocation := b.invocation(callScript, 200, store.Limits{}, nil)
	source, names := rand.New(rand.NewPCG(1, 2)), functionNames()
	for round := range 60 * len(names) {
		data := make([]byte, 40)
		for i := range data {
			data[i] = byte(source.Uint32())
		}
		data[0] = byte(round % len(names))
		checkCall(t, b.engine, invocation, arguments(data, names))
	}
}

func FuzzArguments(f *testing.F) {
	b := newBench(f)
	invocation := b.invocation(callScript, 200, store.Limits{}, nil)
	names := functionNames()
	for i := range names {
		f.Add([]byte{byte(i), 3, 4, 5, 'h', 'e', 'l', 'l', 'o', 4, 3, 'a', '(', ')', 8, 2, 2, 130})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkCall(t, b.engine, invocation, arguments(data, names))
	})
}
