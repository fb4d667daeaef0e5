package sdk_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/egress"
	"picloud/runtime/sdk"
	"picloud/store"
)

// postbox is a mail server that hands each message it takes to a channel; with
// hang it says nothing at all.
func postbox(t *testing.T, hang bool) (config egress.MailConfig, taken chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken = make(chan string, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if hang {
				<-t.Context().Done()
			} else if message := receive(conn); message != "" {
				taken <- message
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return egress.MailConfig{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, TLS: egress.MailPlain, From: "pi@example.com", Now: time.Now}, taken
}

// receive speaks as little SMTP as there is, and returns envelope and message.
func receive(conn net.Conn) string {
	lines := bufio.NewScanner(conn)
	say := func(line string) { _, _ = fmt.Fprint(conn, line+"\r\n") }
	say("220 hello")
	var all strings.Builder
	for inData := false; lines.Scan(); {
		line := lines.Text()
		switch {
		case inData && line == ".":
			inData = false
			say("250 taken")
		case inData || strings.HasPrefix(line, "RCPT"):
			all.WriteString(line + "\n")
			if !inData {
				say("250 ok")
			}
		case line == "DATA":
			inData = true
			say("354 go on")
		case line == "QUIT":
			say("221 bye")
			return all.String()
		default:
			say("250 ok")
		}
	}
	return all.String()
}

func TestEmailFromAScript(t *testing.T) {
	t.Parallel()
	config, taken := postbox(t, false)
	b := newBenchWith(t, sdk.ModulesWith(sdk.Outside{Client: egress.New(egress.Config{}), Mailer: egress.NewMailer(config)}))
	result := b.run(`return email.send_html{ to = "ann@example.com", cc = { "bob@example.com" }, subject = "Today", text = "21", html = "<b>21</b>",
		attachments = { { name = "a.csv", data = "1,2\n" } } }`)
	if result.Err != nil || !strings.HasSuffix(string(result.Body), "@example.com>") {
		t.Fatalf("%v %q", result.Err, result.Body)
	}
	got := <-taken
	for _, want := range []string{"RCPT TO:<ann@example.com>", "RCPT TO:<bob@example.com>", "From: <pi@example.com>", "Subject: Today", "text/html", "a.csv", string(result.Body)} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %s", want, got)
		}
	}
	result = b.run(`return select(2, pcall(email.send, { to = "ann@example.com\r\nBcc: eve@example.com", subject = "s", text = "t" }))`)
	if !strings.Contains(string(result.Body), "email.send: to has an address with a line break") {
		t.Errorf("%v %q", result.Err, result.Body)
	}
}

func TestEmailEndsWithTheScriptsDeadline(t *testing.T) {
	t.Parallel()
	config, _ := postbox(t, true)
	b := newBenchWith(t, sdk.ModulesWith(sdk.Outside{Client: egress.New(egress.Config{}), Mailer: egress.NewMailer(config)}))
	timeout := int64(200)
	script := b.script(`pcall(email.send, { to = "ann@example.com", subject = "s", text = "t" }) return "survived"`, func(d *store.ScriptDraft) { d.TimeoutMS = &timeout })
	result := b.engine.Run(t.Context(), &runtime.Invocation{Script: script, Kind: runtime.KindTrigger})
	if result.Err == nil || result.Err.Code != "timeout" {
		t.Errorf("%v %q", result.Err, result.Body)
	}
}

// What leaves the instance cannot be taken back, so no block that may be
// repeated lets it through.
func TestEffectsAreRefusedInABlock(t *testing.T) {
	t.Parallel()
	block := runtime.Module{Name: "block", Funcs: []runtime.Func{{Name: "run", Call: func(L *lua.LState) int {
		defer runtime.From(L).Enter(runtime.Block{Name: "kv.transaction"})()
		L.Push(L.Get(1))
		L.Call(0, 1)
		return 1
	}}}}
	b := newBenchWith(t, append(sdk.Modules(), block))
	result := b.run(`local refused = 0
		for _, module in ipairs({ http, email }) do
		  for name, fn in pairs(module) do
		    local message = block.run(function() return select(2, pcall(fn, "http://127.0.0.1:9/")) end)
		    assert(message:find(name .. " may not be called inside kv.transaction: it could not be taken back", 1, true), message)
		    refused = refused + 1
		  end
		end
		local _, after = pcall(http.get, "http://127.0.0.1:9/")
		assert(after:find("blocked:loopback", 1, true), after)
		return refused`)
	if result.Err != nil || string(result.Body) != "9" {
		t.Errorf("%v %q", result.Err, result.Body)
	}
}
