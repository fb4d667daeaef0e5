package store

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

const killedEnvironment = "PICLOUD_TEST_KILLED_STORE"

// childRoles are what the test binary does as a child of itself, by the
// variable that asks for it. They do not return.
var childRoles = map[string]func(value string){killedEnvironment: writeUntilKilled}

func TestMain(m *testing.M) {
	for variable, role := range childRoles {
		if value := os.Getenv(variable); value != "" {
			role(value)
		}
	}
	os.Exit(m.Run())
}

// writeOnce makes an app with an entry, a document, and two entries in one transaction.
func writeOnce(s *Store, slug string) error {
	app, err := s.CreateApp(context.Background(), AppDraft{Slug: slug})
	if err != nil {
		return err
	}
	value := json.RawMessage(strconv.Quote(slug))
	if _, err := s.SetKV(context.Background(), KVKey{app.ID, "c", "k"}, KVWrite{Value: value}); err != nil {
		return err
	}
	document := DocumentWrite{Data: json.RawMessage(`{"slug":` + string(value) + `}`)}
	if _, err := s.InsertDocument(context.Background(), DocumentKey{app.ID, "c", "d"}, document); err != nil {
		return err
	}
	return s.CommitData(context.Background(), DataCommit{App: app.ID, Writes: []DataWrite{
		{DataKey: DataKey{DataKV, "c", "one"}, Value: value}, {DataKey: DataKey{DataDocs, "c", "other"}, Value: document.Data}}})
}

// checkData says what of writeOnce's data is missing; half of a transaction is
// wrong in any app, the rest only in one that was acknowledged.
func checkData(t *testing.T, s *Store, app *App, acknowledged bool) {
	t.Helper()
	entry := must[*KVEntry](t)(s.KV(t.Context(), KVKey{app.ID, "c", "k"}))
	document := must[*Document](t)(s.Document(t.Context(), DocumentKey{app.ID, "c", "d"}))
	one := must[*KVEntry](t)(s.KV(t.Context(), KVKey{app.ID, "c", "one"}))
	other := must[*Document](t)(s.Document(t.Context(), DocumentKey{app.ID, "c", "other"}))
	if (one == nil) != (other == nil) {
		t.Errorf("app %s has half a transaction: %v, %v", app.Slug, one, other)
	}
	if acknowledged && (entry == nil || document == nil || one == nil || string(entry.Value) != strconv.Quote(app.Slug)) {
		t.Errorf("app %s lost acknowledged data: %v, %v, %v", app.Slug, entry, document, one)
	}
}

// writeUntilKilled writes from 8 goroutines and prints each app that was acknowledged.
func writeUntilKilled(dir string) {
	s, err := Open(context.Background(), Config{Dir: dir, Logger: discard, Now: time.Now, OnFatal: func(err error) { panic(err) }})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	out := make(chan string)
	for g := range 8 {
		go func() {
			for i := 0; ; i++ {
				slug := fmt.Sprintf("r%d-%d-%d", os.Getpid(), g, i)
				if err := writeOnce(s, slug); err != nil {
					out <- "error " + err.Error()
				}
				s.RecordExecution(testExecution(s, s.newID()))
				out <- slug
			}
		}()
	}
	for line := range out {
		fmt.Println(line)
	}
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for range 10 {
		for _, slug := range killOnce(t, dir) {
			acknowledged[slug] = true
		}
	}
	s := openTest(t, testConfig(t, dir))
	lost := 0
	for slug := range acknowledged {
		if s.Catalog().AppBySlug(slug) == nil {
			lost++
		}
	}
	for _, app := range s.Catalog().appList {
		checkData(t, s, app, acknowledged[app.Slug])
	}
	if lost > 0 || len(acknowledged) < 10 {
		t.Errorf("%d of %d acknowledged apps are lost", lost, len(acknowledged))
	}
	noError(t, s.read(t.Context(), func(tx *transaction) error {
		r, err := tx.first("PRAGMA integrity_check")
		if err == nil && r.text(0) != "ok" {
			t.Errorf("integrity_check says %s", r.text(0))
		}
		return err
	}))
}

// killOnce runs a process on dir, kills it after a while of writing, and
// returns what it acknowledged.
func killOnce(t *testing.T, dir string) (slugs []string) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), killedEnvironment+"="+dir)
	pipe := must[interface{ Read([]byte) (int, error) }](t)(command.StdoutPipe())
	noError(t, command.Start())
	lines := bufio.NewScanner(pipe)
	killed := false
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "error ") {
			t.Error(lines.Text())
		}
		slugs = append(slugs, lines.Text())
		if !killed { // from the first acknowledgement on, at any point
			killed = true
			delay := time.Duration(rand.IntN(100_000)) * time.Microsecond
			time.AfterFunc(delay, func() { _ = command.Process.Kill() })
		}
	}
	_ = command.Wait() // it was killed
	return slugs
}
