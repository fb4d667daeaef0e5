package main_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// post is the beginning of a request with a body.
const post = "POST /sink HTTP/1.1\r\nHost: pi\r\n"

// malformedRequests are cut wrongly, or may be cut elsewhere by whoever stands
// in front. What follows such a request on its connection must not be
// answered: it may be part of a body that someone else wrote.
var malformedRequests = map[string]string{
	"length and chunks":                 post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"chunks and a long length":          post + "Transfer-Encoding: chunked\r\nContent-Length: 400\r\n\r\n0\r\n\r\n",
	"two lengths":                       post + "Content-Length: 0\r\nContent-Length: 43\r\n\r\n",
	"a list of lengths":                 post + "Content-Length: 0, 43\r\n\r\n",
	"length with a plus":                post + "Content-Length: +0\r\n\r\n",
	"negative length":                   post + "Content-Length: -1\r\n\r\n",
	"length in two words":               post + "Content-Length: 0 0\r\n\r\n",
	"hexadecimal length":                post + "Content-Length: 0x0\r\n\r\n",
	"length with letters":               post + "Content-Length: 0a\r\n\r\n",
	"length over 64 bits":               post + "Content-Length: 99999999999999999999\r\n\r\n",
	"empty length":                      post + "Content-Length: \r\n\r\n",
	"space before the colon":            post + "Content-Length : 0\r\n\r\n",
	"chunks twice":                      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"chunks and identity":               post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
	"identity":                          post + "Transfer-Encoding: identity\r\n\r\n",
	"compressed chunks":                 post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"unknown coding":                    post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	"vertical tab before a coding":      post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
	"space before the coding's colon":   post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
	"folded coding":                     post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
	"quoted coding":                     post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
	"chunks in HTTP/1.0":                "POST /sink HTTP/1.0\r\nHost: pi\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
	"length and chunks in HTTP/1.0":     "POST /sink HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
	"chunk size that is no number":      post + "Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n",
	"negative chunk size":               post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
	"chunk size with 0x":                post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
	"chunk size over 64 bits":           post + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n",
	"chunk that is longer than it says": post + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
	"chunk size ended by a line feed":   post + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
	"line feed in a chunk extension":    post + "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n",
	"endless chunk extension":           post + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("a", 20_000) + "\r\na\r\n0\r\n\r\n",
	"trailer that is a length":          post + "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
	"body that ends early":              post + "Content-Length: 4000\r\n\r\nabc",
	"unknown expectation":               post + "Content-Length: 3\r\nExpect: 200-ok\r\n\r\n",
	"no host":                           "GET /sink HTTP/1.1\r\n\r\n",
	"two hosts":                         "GET /sink HTTP/1.1\r\nHost: pi\r\nHost: admin.pi\r\n\r\n",
	"host with a space":                 "GET /sink HTTP/1.1\r\nHost: pi admin\r\n\r\n",
	"host with a control character":     "GET /sink HTTP/1.1\r\nHost: pi\x01\r\n\r\n",
	"two spaces in the request line":    "GET  /sink HTTP/1.1\r\nHost: pi\r\n\r\n",
	"tabs in the request line":          "GET\t/sink\tHTTP/1.1\r\nHost: pi\r\n\r\n",
	"four words in the request line":    "GET /sink x HTTP/1.1\r\nHost: pi\r\n\r\n",
	"lower-case protocol":               "GET /sink http/1.1\r\nHost: pi\r\n\r\n",
	"unknown protocol":                  "GET /sink ICY/1.1\r\nHost: pi\r\n\r\n",
	"protocol with a long minor":        "GET /sink HTTP/1.10\r\nHost: pi\r\n\r\n",
	"HTTP/2 in clear":                   "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"HTTP/3":                            "GET /sink HTTP/3.0\r\nHost: pi\r\n\r\n",
	"HTTP/0.9":                          "GET /sink\r\n\r\n",
	"method that is no token":           "GE(T /sink HTTP/1.1\r\nHost: pi\r\n\r\n",
	"target without a slash":            "GET sink HTTP/1.1\r\nHost: pi\r\n\r\n",
	"NUL in the target":                 "GET /si\x00nk HTTP/1.1\r\nHost: pi\r\n\r\n",
	"carriage return in the target":     "GET /si\rnk HTTP/1.1\r\nHost: pi\r\n\r\n",
	"URL with a malformed scheme":       "GET ht!tp://pi/sink HTTP/1.1\r\nHost: pi\r\n\r\n",
	"URL with a malformed host":         "GET http://p[i/sink HTTP/1.1\r\nHost: pi\r\n\r\n",
	"header without a colon":            "GET /sink HTTP/1.1\r\nHost: pi\r\nnothing\r\n\r\n",
	"header without a name":             "GET /sink HTTP/1.1\r\nHost: pi\r\n: x\r\n\r\n",
	"space in a header's name":          "GET /sink HTTP/1.1\r\nHost: pi\r\nX A: 1\r\n\r\n",
	"carriage return in a name":         "GET /sink HTTP/1.1\r\nHost: pi\r\nX\rA: 1\r\n\r\n",
	"NUL in a header's name":            "GET /sink HTTP/1.1\r\nHost: pi\r\nX\x00A: 1\r\n\r\n",
	"NUL in a header's value":           "GET /sink HTTP/1.1\r\nHost: pi\r\nX-A: 1\x002\r\n\r\n",
	"carriage return in a value":        "GET /sink HTTP/1.1\r\nHost: pi\r\nX-A: 1\rTransfer-Encoding: chunked\r\n\r\n",
	"first header is folded":            "GET /sink HTTP/1.1\r\n Host: pi\r\n\r\n",
	"header of 64 KiB":                  "GET /sink HTTP/1.1\r\nHost: pi\r\nX-A: " + strings.Repeat("a", 64<<10) + "\r\n\r\n",
	"5,000 headers":                     "GET /sink HTTP/1.1\r\nHost: pi\r\n" + strings.Repeat("X-A: 1234567\r\n", 5000) + "\r\n",
	"target of 64 KiB":                  "GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: pi\r\n\r\n",
	"TLS":                               "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 64),
	"no protocol at all":                strings.Repeat("\xff\xfe\r\n", 64),
	"head that never ends":              "GET /sink HTTP/1.1\r\nHost: pi\r\nX-A: ",
}

// TestMalformedRequests sends each of them with a second request right behind
// it. The first gets an error or nothing, the second nothing, and the server
// is as before: no descriptor, goroutine or memory stays behind.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	s.newRoute(s.newScript("sink", `return "sink"`, nil), "ANY", "/sink")
	s.newRoute(s.newScript("behind", `return "answered the one behind"`, nil), "ANY", "/behind")
	s.sendMalformed(t) // whatever is made once is made now
	before := s.footprint(t)
	for range 5 {
		s.sendMalformed(t)
	}
	s.must(s.call("GET", "/behind", nil, nil), 200)
	s.waitForFootprint(t, before)
}

func (s *server) sendMalformed(t *testing.T) {
	t.Helper()
	var group sync.WaitGroup
	for name, bytes := range malformedRequests {
		group.Go(func() {
			answer, err := s.exchange(bytes + "GET /behind HTTP/1.1\r\nHost: pi\r\n\r\n")
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if strings.Contains(answer, "answered the one behind") || strings.Count(answer, "HTTP/1.") > 1 {
				t.Errorf("%s: the request behind it was answered: %.400q", name, answer)
			}
			first, _, _ := strings.Cut(answer, "\r\n")
			accepted := strings.HasPrefix(first, "HTTP/1.1 200") || strings.HasPrefix(first, "HTTP/1.0 200")
			if accepted && !strings.Contains(answer, "\r\nConnection: close\r\n") {
				t.Errorf("%s: accepted without an end of the connection: %.400q", name, answer)
			}
		})
	}
	group.Wait()
}

// exchange sends bytes and returns all that comes back until the server ends
// the connection, which it must do by itself.
func (s *server) exchange(bytes string) (string, error) {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		return "", err
	}
	_, _ = io.WriteString(conn, bytes) // the server may end the connection while it is still being written to
	if half, ok := conn.(*net.TCPConn); ok && strings.Contains(bytes, "Content-Length: 4000") {
		_ = half.CloseWrite()
	}
	answer, err := io.ReadAll(conn)
	if err != nil && strings.Contains(err.Error(), "reset") {
		return string(answer), nil // its end, with bytes of ours unread
	}
	return string(answer), err
}

// footprint is what a server holds.
type footprint struct {
	descriptors int
	resident    int // bytes
}

func (s *server) footprint(t *testing.T) footprint {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("what a process holds is read from /proc")
	}
	pid := strconv.Itoa(s.cmd.Process.Pid)
	descriptors, err := os.ReadDir(filepath.Join("/proc", pid, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	status := readTestFile(t, filepath.Join("/proc", pid, "status"))
	resident := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindStringSubmatch(status)
	if resident == nil {
		t.Fatalf("no VmRSS in %s", status)
	}
	kilobytes, err := strconv.Atoi(resident[1])
	if err != nil {
		t.Fatal(err)
	}
	return footprint{len(descriptors), kilobytes << 10}
}

// waitForFootprint waits until the server holds no more descriptors than
// before, then asks it to end with the stacks of its goroutines: none may still
// serve a connection.
func (s *server) waitForFootprint(t *testing.T, before footprint) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections() // this test's own
	var now footprint
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if now = s.footprint(t); now.descriptors <= before.descriptors {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("%d descriptors are open, %d were", now.descriptors, before.descriptors)
			break
		}
	}
	if grown := now.resident - before.resident; grown > 32<<20 {
		t.Errorf("%d MiB more memory than before", grown>>20)
	}
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // with the stacks comes an exit code of 2
	stacks := s.log.String()
	if !strings.Contains(stacks, "goroutine 1 ") {
		t.Errorf("there are no stacks:\n%s", stacks)
	}
	for stack := range strings.SplitSeq(stacks, "\n\n") {
		// One that is just ending has read that the other side is gone.
		ending := strings.Contains(stack, "(*conn).close(") || strings.Contains(stack, "(*connReader).handleReadError")
		if strings.Contains(stack, "(*conn).serve(") && !ending {
			t.Errorf("a connection is still served:\n%s", stack)
		}
	}
}
