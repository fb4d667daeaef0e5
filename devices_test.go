package main_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDevicesOverTCP posts what real devices send, byte for byte, to the real
// binary: each gets the right answer and leaves one readable log record.
func TestDevicesOverTCP(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/devices/*.http")
	if err != nil || len(files) < 16 {
		t.Fatalf("%d requests, %v", len(files), err)
	}
	s := startServer(t, "")
	s.claim()
	for _, file := range files {
		base := strings.TrimSuffix(file, ".http")
		t.Run(filepath.Base(base), func(t *testing.T) {
			at := *s
			at.t = t
			at.replay(base)
		})
	}
}

func (s *server) replay(base string) {
	s.t.Helper()
	source := readText(s.t, base+".lua")
	first, _, _ := strings.Cut(source, "\n")
	method, path, found := strings.Cut(strings.TrimPrefix(first, "-- route: "), " ")
	if !found {
		s.t.Fatalf("%s.lua does not begin with its route", base)
	}
	script := s.newScript(filepath.Base(base), source, nil)
	route := s.newRoute(script, method, path)
	status, body := s.sendRaw(readText(s.t, base+".http"))

	want, wantBody, _ := strings.Cut(readText(s.t, base+".want"), "\n\n")
	wantStatus, _, _ := strings.Cut(want, "\n")
	if wantBody = strings.TrimSuffix(wantBody, "\n"); status != wantStatus || body != wantBody {
		s.t.Errorf("answer %s\n%s\nwant %s\n%s", status, body, wantStatus, wantBody)
	}
	record := s.records(script, 1)
	if len(record) != 1 || record[0].Status != "success" || record[0].Request == nil || record[0].Response == nil ||
		strings.Contains(source, "log.") != (len(record[0].Logs) > 0) {
		s.t.Errorf("the request must leave one readable record: %+v", record)
	}
	s.must(s.call("DELETE", "/api/v1/admin/routes/"+route, nil, nil), 204)
}

// sendRaw writes bytes as they are to a connection of their own and reads the
// final answer.
func (s *server) sendRaw(request string) (status, body string) {
	s.t.Helper()
	connection, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, request); err != nil {
		s.t.Fatal(err)
	}
	reader := bufio.NewReader(connection)
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		if response.StatusCode < 200 {
			continue
		}
		content, err := io.ReadAll(response.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		return response.Proto + " " + response.Status, string(content)
	}
}

func readText(t testing.TB, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
