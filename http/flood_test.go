package http

import (
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// loginFrom tries to sign in from an address of its own, so that only the
// bound on all attempts holds it back.
func loginFrom(s *testServer, n int, username, password string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", adminPrefix+"auth/login", strings.NewReader(login(username, password)))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = fmt.Sprintf("198.51.%d.%d:1", n/250, 1+n%250)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// TestLoginFloodHashesTwoAtOnce looks at what the goroutines do, not at what
// the gate says that it allows.
func TestLoginFloodHashesTwoAtOnce(t *testing.T) {
	s, _ := newOwnedServer(t)
	before := s.hasher.done.Load()
	done := make(chan struct{})
	var group sync.WaitGroup
	for i := range 500 {
		group.Go(func() {
			if w := loginFrom(s, i, fmt.Sprintf("user%d", i), "wrong password"); w.Code != 401 && w.Code != 429 {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
	}
	go func() { group.Wait(); close(done) }()
	stacks, most := make([]byte, 16<<20), 0
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-time.After(time.Millisecond):
			text := string(stacks[:runtime.Stack(stacks, true)])
			hashing := 0
			for stack := range strings.SplitSeq(text, "\n\n") {
				if strings.Contains(stack, "password.go") && strings.Contains(stack, "argon2.") {
					hashing++
				}
			}
			most = max(most, hashing)
		}
	}
	if hashed := s.hasher.done.Load() - before; hashed < 2 || hashed > attemptsInAll {
		t.Errorf("%d hashes were made of 500 attempts", hashed)
	}
	if most < 1 || most > 2 {
		t.Errorf("%d hashes were made at once", most)
	}
}

// TestUnknownUserCostsWhatAWrongPasswordCosts compares the work; the long form
// compares the times too.
func TestUnknownUserCostsWhatAWrongPasswordCosts(t *testing.T) {
	s, _ := newOwnedServer(t)
	n, times := 0, map[string][]time.Duration{}
	for range rounds(3, 500) {
		for _, username := range []string{testUsername, "nobody"} {
			n++
			s.clock.advance(time.Minute) // each attempt meets full buckets
			before, began := s.hasher.done.Load(), time.Now()
			w := loginFrom(s, n%40_000, username, "wrong password")
			times[username] = append(times[username], time.Since(began))
			wantError(t, w, nethttp.StatusUnauthorized, "bad_credentials")
			if hashes := s.hasher.done.Load() - before; hashes != 1 {
				t.Fatalf("%s cost %d hashes", username, hashes)
			}
		}
	}
	if rounds(0, 1) == 0 {
		return
	}
	median := func(username string) float64 {
		slices.Sort(times[username])
		return times[username][len(times[username])/2].Seconds()
	}
	wrong, unknown := median(testUsername), median("nobody")
	t.Logf("medians: wrong password %.2f ms, unknown user %.2f ms", wrong*1000, unknown*1000)
	if difference := unknown/wrong - 1; difference > 0.05 || difference < -0.05 {
		t.Errorf("the medians differ by %.1f %%", 100*difference)
	}
}

func TestLargeAnswersShareTheirRoom(t *testing.T) {
	t.Parallel()
	room := newRoom(answerRoomBytes)
	const large = 10 << 20
	for range 3 {
		if !room.take(large) {
			t.Fatal("no room for 30 MiB")
		}
	}
	if room.take(large) {
		t.Error("a fourth of 10 MiB found room in 32 MiB")
	}
	if !room.take(smallBody) {
		t.Error("no room for a small answer")
	}
	room.give(smallBody)
	room.give(large)
	if !room.take(large) {
		t.Error("no room after one was read")
	}
}

// Senders of large requests share one room, whether they finish or not; small
// requests go on, and the room comes back.
func TestUnfinishedUploadsShareOneRoom(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	serveScript(t, s, owner, "POST /in", "return \"ok\"")
	large := strings.Repeat("x", 8<<20)
	var writers []*io.PipeWriter
	var answers sync.WaitGroup
	codes := make(chan int, 8)
	for range cap(codes) {
		reader, writer := io.Pipe()
		writers = append(writers, writer)
		r := httptest.NewRequest("POST", "/in", reader)
		r.ContentLength = int64(len(large)) + 1
		answers.Go(func() {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			_ = reader.CloseWithError(io.ErrClosedPipe)
			codes <- w.Code
		})
		if _, err := io.WriteString(writer, large); err != nil {
			break // it was refused while it was being sent
		}
	}
	wantStatus(t, request(t, s, "POST", "/in", "small", map[string]string{"Content-Type": "text/plain"}), 200)
	for _, writer := range writers {
		_, _ = writer.Write([]byte("x"))
		_ = writer.Close()
	}
	answers.Wait()
	close(codes)
	counts := map[int]int{}
	for code := range codes {
		counts[code]++
	}
	if counts[200] < 2 || counts[503] == 0 {
		t.Errorf("uploads ended with %v, want some let in and the rest refused", counts)
	}
	if left := s.bodies.left.Load(); left != bodyRoomBytes {
		t.Errorf("%d bytes of room are left afterwards, want all %d", left, bodyRoomBytes)
	}
}
