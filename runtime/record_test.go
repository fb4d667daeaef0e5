package runtime_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"picloud/runtime"
	"picloud/store"
)

func TestRecord(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	script := b.endpoint("rec", `for i = 1, 205 do log.info("line " .. i, { n = i }) end print("a", 1, nil)
		return { statusCode = 201, headers = { ["Set-Cookie"] = "s=1", ["X-A"] = "b" }, body = string.rep("é", 5000) }`)
	request := post("text/plain", strings.Repeat("x", 9000))
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "X-Hub-Signature-256", "Stripe-Signature", "X-Gitlab-Token", "X-Shopify-Hmac-Sha256"} {
		request.Header.Set(name, "verysecret")
	}
	request.Header.Set("X-Github-Event", "push")
	request.Header.Set("Accept-Language", "de")
	result := b.engine.Run(context.Background(), &runtime.Invocation{Script: script, Kind: runtime.KindHTTP, RequestID: "r", Request: request})
	if result.Execution != nil {
		t.Error("only a test run hands its record back")
	}
	if err := b.store.FlushExecutions(context.Background()); err != nil {
		t.Fatal(err)
	}
	e, err := b.store.Execution(context.Background(), result.ExecutionID)
	if err != nil {
		t.Fatal(err)
	}
	if e.Status != store.StatusSuccess || e.StatusCode != 201 || len(e.Logs) != 200 || e.LogsDropped != 6 || string(e.Logs[1].Data) != `{"n":2}` || e.InvocationType != "http" || e.Usage.Instructions == 0 {
		t.Errorf("record is %+v", e)
	}
	if len(e.Request.Body) != 8192 || e.Request.BodyBytes != 9000 || e.Response.BodyBytes != 10000 || len(e.Response.Body) != 8192 {
		t.Errorf("bodies %d %d %d %d", len(e.Request.Body), e.Request.BodyBytes, e.Response.BodyBytes, len(e.Response.Body))
	}
	seen := map[string]string{}
	for _, field := range append(e.Request.Headers, e.Response.Headers...) {
		seen[field.Name] = field.Value
		if strings.Contains(field.Value, "secret") || field.Name == "accept-language" {
			t.Errorf("%s is stored as %q", field.Name, field.Value)
		}
	}
	if seen["x-github-event"] != "push" || seen["authorization"] != "[redacted]" || seen["set-cookie"] != "[redacted]" || seen["x-a"] != "b" {
		t.Errorf("headers are %v", seen)
	}
}

func TestLogLineIsBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	result := b.try(`log.info(string.rep("é", 4000)) log.info(string.rep("m", 3000), { d = string.rep("d", 3000) }) log.warn("\255")`, nil)
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	for _, line := range result.Execution.Logs {
		if len(line.Message)+len(line.Data) > 4096 {
			t.Errorf("a line has %d bytes", len(line.Message)+len(line.Data))
		}
	}
	if got := result.Execution.Logs[1].Message; !strings.Contains(got, "bytes left out]") {
		t.Errorf("dropped data leaves %q", got[len(got)-40:])
	}
}

func TestPanicBelowAScript(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *runtime.Config) { c.Modules = append(c.Modules, panicModule()) })
	for _, source := range []string{
		`broken.now()`, `pcall(broken.now) return "survived"`, `coroutine.wrap(broken.now)() return "survived"`,
		`xpcall(broken.now, function() return "handled" end) return "survived"`, `return tostring(setmetatable({}, {__tostring = broken.now}))`,
		`table.sort({1, 2, 3}, broken.now) return "survived"`,
	} {
		result := b.try(source, nil)
		if result.Status != 502 || result.Err.Code != runtime.CodeInternal || strings.Contains(result.Err.Message, "kaboom") {
			t.Errorf("%s: %d %+v", source, result.Status, result.Err)
		}
	}
	b.wantBody(`return 1`, nil, "1")
}

func TestFullGateAnswersBusyAndIsRecorded(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *runtime.Config) { c.MaxConcurrency = 1; c.QueueLength = 1; c.QueueWait = time.Millisecond })
	wall := int64(1000)
	many := int64(1_000_000_000)
	slow := b.save(store.ScriptDraft{Name: "slow", Source: `while true do end`, TimeoutMS: &wall, Limits: store.Limits{Instructions: &many}})
	quick := b.endpoint("quick", `return 1`)
	done := make(chan *runtime.Result, 1)
	go func() {
		result := b.run(slow, nil)
		for result.Err.Code == runtime.CodeBusy { // a quick run had the slot
			result = b.run(slow, nil)
		}
		done <- result
	}()
	busy := b.run(quick, nil)
	for busy.Err == nil {
		select {
		case result := <-done:
			t.Fatalf("the slow run ended before anything was refused: %+v", result.Err)
		default:
			busy = b.run(quick, nil)
		}
	}
	if busy.Status != http.StatusServiceUnavailable || busy.Err.Code != runtime.CodeBusy || busy.Err.RetryAfter < time.Second ||
		busy.Execution.Status != store.StatusRejected || busy.Execution.Error.Code != "busy" {
		t.Errorf("%d %+v %+v", busy.Status, busy.Err, busy.Execution)
	}
	if result := <-done; result.Status != http.StatusGatewayTimeout {
		t.Errorf("the slow run ended with %d", result.Status)
	}
}
