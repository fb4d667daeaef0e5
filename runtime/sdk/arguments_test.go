package sdk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"picloud/runtime"
	"picloud/store"
)

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
