package sdk_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"

	"picloud/runtime"
	"picloud/store"
)

// save saves a script with limits and returns what runs it.
func (b *bench) save(source string, timeoutMS int64, limits store.Limits) func() *runtime.Result {
	b.t.Helper()
	b.count++
	draft := store.ScriptDraft{Name: "saved-" + strconv.Itoa(b.count), Source: source, Kind: store.ScriptEndpoint, Access: store.AccessOpen, Limits: limits}
	if timeoutMS > 0 {
		draft.TimeoutMS = &timeoutMS
	}
	script, err := b.store.CreateScript(context.Background(), b.app.ID, draft)
	if err != nil {
		b.t.Fatal(err)
	}
	return func() *runtime.Result {
		return b.engine.Run(context.Background(), &runtime.Invocation{Script: b.store.Catalog().Scripts[script.ID], Kind: runtime.KindTest})
	}
}

func (b *bench) want(result *runtime.Result, code, message string) {
	b.t.Helper()
	if result.Err == nil || result.Err.Code != code || !strings.Contains(result.Err.Message, message) {
		b.t.Errorf("the run ended with %v, want %s: %s", result.Err, code, message)
	}
}

// A counter that is read and written in transactions loses nothing: a run that
// gave up after its tries says so, and one that did not has counted.
func TestTransactionsInScriptsLoseNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run := b.save(`return kv.transaction(function(tx)
  local c, log = tx.kv("c"), tx.docs("log")
  local n = (c:get("n") or 0) + 1
  c:set("n", n)
  log:insert({ n = n }, { id = tostring(n) })
  return n
end)`, 0, store.Limits{})
	var mutex sync.Mutex
	var group sync.WaitGroup
	done := 0
	for range 32 {
		group.Go(func() {
			for range 4 {
				result := run()
				if result.Err == nil {
					mutex.Lock()
					done++
					mutex.Unlock()
				} else if !strings.Contains(result.Err.Message, "gave up after 5 tries") && result.Err.Code != runtime.CodeBusy {
					t.Error(result.Err)
				}
			}
		})
	}
	group.Wait()
	entry, err := b.store.KV(context.Background(), store.KVKey{App: b.app.ID, Collection: "c", Key: "n"})
	if err != nil || entry == nil || string(entry.Value) != strconv.Itoa(done) || done == 0 {
		t.Errorf("the counter is %v after %d transactions (%v)", entry, done, err)
	}
	query, err := store.ParseDocumentQuery([]byte("{}"), store.MaxDocumentPage)
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := b.store.CountDocuments(context.Background(), b.app.ID, "log", query); err != nil || n != int64(done) {
		t.Errorf("%d documents after %d transactions (%v)", n, done, err)
	}
}

func TestDataCallsAreHeldToTheLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	five := int64(5)
	b.want(b.save(`local c = kv.collection("c") for i = 1, 6 do c:get("k") end`, 0, store.Limits{SDKCalls: &five})(), "sdk_call_limit", "limit of 5 SDK calls")
	b.want(b.save(`local c = docs.collection("c") for i = 1, 6 do pcall(c.find, c) end`, 0, store.Limits{SDKCalls: &five})(), "sdk_call_limit", "limit of 5 SDK calls")
	if result := b.save(`
local c, d = kv.collection("long"), docs.collection("long")
for i = 1, 40 do
  c:set("k" .. i, ("x"):rep(250000))
  d:insert({ x = ("x"):rep(1000000) })
end`, 0, store.Limits{SDKCalls: nil})(); result.Err != nil {
		t.Fatal(result.Err)
	}
	// A page is bounded; what a script keeps of all of them is held to its memory.
	hoard := `local kept = {} for key, value in kv.collection("long"):each() do kept[key] = value .. "!" end`
	small := int64(4 << 20)
	b.want(b.save(hoard, 0, store.Limits{MemoryBytes: &small})(), "memory_limit", "")
	b.want(b.save(`local kept = {} for d in docs.collection("long"):each() do kept[d.id] = d.data.x .. "!" end`, 0, store.Limits{MemoryBytes: &small})(), "memory_limit", "")
	b.want(b.save(`local loops = {} for i = 1, 100 do local f, s = kv.collection("long"):each() f(s) loops[i] = s end`, 0, store.Limits{MemoryBytes: &small})(), "memory_limit", "")
	// A loop that the script has left holds nothing any more.
	left := b.save(`local n = 0 for i = 1, 100 do for key in kv.collection("long"):each() do n = n + 1 break end end return n`, 0, store.Limits{MemoryBytes: &small})()
	if left.Err != nil || string(left.Body) != "100" {
		t.Errorf("loops that were left: %s, %v", left.Body, left.Err)
	}
	b.want(b.save(`kv.transaction(function(tx) for i = 1, 100 do tx.kv("c"):set(i .. "", ("x"):rep(200000)) end end)`, 0, store.Limits{MemoryBytes: &small})(), "memory_limit", "")
}

// A search that takes too long ends with the script's time, and the database
// serves the next one.
func TestSearchEndsWithTheDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if result := b.save(`local d = docs.collection("d") for i = 1, 40 do d:insert({ x = ("a"):rep(65536) }) end`, 0, store.Limits{})(); result.Err != nil {
		t.Fatal(result.Err)
	}
	slow := b.save(`
local any = {}
for i = 1, 60 do any[i] = { x = { contains = ("a"):rep(900) .. "b" .. i } } end
pcall(function() return docs.collection("d"):count({ where = { any = any } }) end)
return "caught"`, 100, store.Limits{})
	result := slow()
	b.want(result, "timeout", "time limit exceeded in docs:count")
	if queries := result.Execution.Queries; len(queries) != 1 || queries[0].Collection != "d" || queries[0].DurationMS < 1 {
		t.Errorf("the record of the slow query is %+v", queries)
	}
	if result := b.run(`return docs.collection("d"):count()`); result.Err != nil || string(result.Body) != "40" {
		t.Errorf("afterwards: %s, %v", result.Body, result.Err)
	}
}

func TestRecordHasTheSlowestQueries(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	result := b.run(`
local d = docs.collection("d")
for i = 1, 20 do d:insert({ n = i }) end
d:ensure_index("n")
d:find({ where = { n = { gt = 18 } } })
d:count({ where = { other = 1 } })
d:find_one({ sort = { "-n" } })
for one in d:each() do end`)
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	queries := result.Execution.Queries
	if len(queries) != 3 {
		t.Fatalf("the record has %d queries, want the 3 slowest: %+v", len(queries), queries)
	}
	if err := b.store.FlushExecutions(context.Background()); err != nil {
		t.Fatal(err)
	}
	stored, err := b.store.Execution(context.Background(), result.ExecutionID)
	if err != nil || len(stored.Queries) != 3 {
		t.Fatalf("stored: %+v, %v", stored.Queries, err)
	}
	for i, query := range queries {
		kept := stored.Queries[i]
		if query.Collection != "d" || query.Plan == "" || query.DurationMS < 0 || query.Scanned == 0 {
			t.Errorf("a query is reported as %+v", query)
		}
		if kept.Plan != query.Plan || kept.Query != query.Query || kept.Scanned != query.Scanned || kept.Returned != query.Returned {
			t.Errorf("%+v is stored as %+v", query, kept)
		}
	}
}

func TestEffectsAreRefusedInTransactions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want(b.run(`kv.transaction(function() topics.publish("a/b", 1) end)`), "script_error", "topics.publish may not be called inside kv.transaction")
	b.want(b.run(`kv.transaction(function() coroutine.yield() end)`), "script_error", "yield")
	if result := b.run(`pcall(kv.transaction, function() error("x") end)
topics.publish("a/b", 1)
return kv.transaction(function(tx) return tx.kv("c"):get("k") == nil end)`); result.Err != nil || string(result.Body) != "true" {
		t.Errorf("after a failed transaction: %s, %v", result.Body, result.Err)
	}
}

// What a transaction adds to a number keeps its expiry, however often it adds.
func TestIncrementsInATransactionKeepTheExpiry(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	run := b.save(`kv.collection("c"):set("n", 1, { ttl = 3600 })
kv.transaction(function(tx) for i = 1, 3 do tx.kv("c"):incr("n") end end)`, 0, store.Limits{})
	if result := run(); result.Err != nil {
		t.Fatal(result.Err)
	}
	entry, err := b.store.KV(context.Background(), store.KVKey{App: b.app.ID, Collection: "c", Key: "n"})
	if err != nil || entry == nil || string(entry.Value) != "4" || entry.ExpiresAt == nil {
		t.Errorf("stored is %+v, %v", entry, err)
	}
}
