package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load sends total requests, the same bytes each time, over a number of kept
// connections, checks that every answer begins with "HTTP/1.1 20" (200, or 204
// without a body), and returns how long it took. Its client parses only what it
// must, so that most of the machine is left to the server.
func load(t testing.TB, addr string, request []byte, connections, total int) time.Duration {
	t.Helper()
	var left atomic.Int64
	left.Store(int64(total))
	failures := make(chan error, connections)
	var workers sync.WaitGroup
	start := time.Now()
	for range connections {
		workers.Go(func() {
			if err := loadConnection(addr, request, &left); err != nil {
				failures <- err
			}
		})
	}
	workers.Wait()
	elapsed := time.Since(start)
	close(failures)
	for err := range failures {
		t.Fatal(err)
	}
	return elapsed
}

func loadConnection(addr string, request []byte, left *atomic.Int64) error {
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 8<<10)
	for left.Add(-1) >= 0 {
		if _, err := connection.Write(request); err != nil {
			return err
		}
		if err := skipAnswer(reader); err != nil {
			return err
		}
	}
	return nil
}

var contentLength = []byte("Content-Length: ")

// skipAnswer reads one answer to its end, which its Content-Length gives.
func skipAnswer(r *bufio.Reader) error {
	status, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 20")) {
		return fmt.Errorf("answer %q", status)
	}
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if bytes.HasPrefix(line, contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return err
			}
		}
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return err
}

// processorTime is the user and system time that a process has used so far.
func processorTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	// The command's name is in parentheses and may hold spaces: fields count from behind it.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+2:]))
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	const ticksPerSecond = 100 // USER_HZ on every Linux that Go runs on
	return time.Duration(user+system) * time.Second / ticksPerSecond
}

// processStatus reads one line such as VmRSS of /proc/PID/status, in bytes.
func processStatus(t testing.TB, pid int, name string) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("/proc/%d/status has no %s", pid, name)
	return 0
}
