package main_test

import (
	"io"
	"net"
	"strings"
	"testing"
)

// relay passes connections on to the server, as a router's port forwarding or a
// proxy does, so that the server cannot know its own address.
func relay(t *testing.T, to func() string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to())
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	return listener.Addr().String()
}

// A script that calls itself: not at the server's own address, and through a
// relay no more than the chain allows.
func TestAScriptThatCallsItself(t *testing.T) {
	t.Parallel()
	var s *server
	way := relay(t, func() string { return s.addr })
	s = startServer(t, "", "PICLOUD_HTTP_ALLOW=127.0.0.1", "PICLOUD_MAX_CONCURRENCY=64")
	s.claim()
	source := `local answer = http.get("http://ADDRESS/api/v1/execute/" .. ctx.script_id)
		if answer.status ~= 200 then return tostring(answer.status) .. answer.body.error.code end
		return "called " .. answer.body_raw`
	straight := s.newScript("straight", strings.Replace(source, "ADDRESS", s.addr, 1), nil)
	round := s.newScript("round", strings.Replace(source, "ADDRESS", way, 1), nil)

	var record struct {
		Execution struct {
			Error struct{ Message string }
			Logs  []struct {
				Level string
				Data  map[string]any
			}
		}
	}
	s.must(s.call("POST", "/api/v1/admin/scripts/"+straight+"/invoke", map[string]any{"request": map[string]any{"method": "GET", "path": "/"}}, &record), 200)
	if e := record.Execution; !strings.Contains(e.Error.Message, "blocked:picloud") || len(e.Logs) != 1 || e.Logs[0].Data["grantable"] != false {
		t.Errorf("%+v", e)
	}
	answer := s.call("GET", "/api/v1/execute/"+round, nil, nil)
	if want := strings.Repeat("called ", 8) + "508loop_stopped"; answer.body != want {
		t.Errorf("%d %s, want %s", answer.status, answer.body, want)
	}
}
