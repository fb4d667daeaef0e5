package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A disk that is really full: writes answer storage_full, reads go on, nothing
// is fatal, and writing resumes by itself when there is space.
func TestReallyFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { noError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	s := openTest(t, testConfig(t, filepath.Join(dir, "data")))
	filler := filepath.Join(dir, "filler")
	_ = os.WriteFile(filler, make([]byte, 32<<20), 0o600) // fails at the disk's end
	made := 0
	var err error
	for ; err == nil && made < 20_000; made++ {
		_, err = s.CreateApp(t.Context(), AppDraft{Slug: fmt.Sprint("app-", made), Description: strings.Repeat("x", 4000)})
	}
	wantCode(t, err, KindUnavailable, "storage_full")
	for range 20 {
		if err := s.housekeeper.tick(t.Context()); err != nil {
			wantCode(t, err, KindUnavailable, "storage_full")
		}
		_, err = s.CreateApp(t.Context(), AppDraft{Slug: "while-full", Description: strings.Repeat("x", 4000)})
		wantCode(t, err, KindUnavailable, "storage_full")
		must[bool](t)(s.HasUsers(t.Context()))
	}
	noError(t, os.Remove(filler))
	noError(t, s.housekeeper.tick(t.Context()))
	must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "after"}))
	if got := len(s.Catalog().Apps); got != made {
		t.Errorf("%d apps, want the %d that were acknowledged", got, made)
	}
	noError(t, s.read(t.Context(), func(tx *transaction) error {
		r, err := tx.first("PRAGMA integrity_check")
		if err == nil && r.text(0) != "ok" {
			t.Errorf("integrity_check says %s", r.text(0))
		}
		return err
	}))
}
