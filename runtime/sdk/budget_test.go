package sdk_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"picloud/runtime"
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
