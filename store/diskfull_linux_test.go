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
		noError(t, s.Ping(t.Context())) // a restart would not help
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

// A server that was stopped starts on a disk that has become full since, as far
// as its ballast reaches; past that it says that the disk is full, not that the
// database is damaged, and so does the check of a backup's room.
func TestStartOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { noError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	config := testConfig(t, filepath.Join(dir, "data"))
	backup, _ := backedUp(t, config)
	fill := func(name string) {
		t.Helper()
		noError(t, removeIfThere(filepath.Join(config.Dir, databaseName+"-shm")))
		_ = os.WriteFile(filepath.Join(dir, name), make([]byte, 32<<20), 0o600) // fails at the disk's end
	}
	fill("filler")
	_, err := CheckDatabase(t.Context(), config.Dir)
	wantCode(t, err, KindUnavailable, "storage_full")
	_, err = Restore(t.Context(), config, backup, false)
	wantCode(t, err, KindUnavailable, "storage_full")
	s := must[*Store](t)(open(t.Context(), config, embeddedMigrations(t), false))
	if !s.DiskFull() || s.Catalog().AppBySlug("after") == nil {
		t.Error("a server that lives on its ballast does not know that the disk is full, or lacks an app")
	}
	closeTest(t, s)
	fill("more")
	_, err = open(t.Context(), config, embeddedMigrations(t), false)
	if err == nil || strings.Contains(err.Error(), "damaged (quick_check)") || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("the start on a full disk says %v", err)
	}
	noError(t, os.Remove(filepath.Join(dir, "filler")))
	if openTest(t, config).Catalog().AppBySlug("after") == nil {
		t.Error("the app is gone")
	}
}

// An upgrade that has no room for the copy of the old database does not begin;
// with room it goes on, and the copy is whole.
func TestUpgradeOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { noError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	data := filepath.Join(dir, "data")
	old := sampleDatabase(t, 1)
	noError(t, os.Mkdir(data, 0o700))
	for _, name := range []string{databaseName, markerName} {
		noError(t, os.WriteFile(filepath.Join(data, name), must[[]byte](t)(os.ReadFile(filepath.Join(old, name))), 0o600))
	}
	filler := filepath.Join(dir, "filler")
	noError(t, os.WriteFile(filler, make([]byte, 14<<20), 0o600)) // leaves room for a WAL, not for a copy
	_, err := open(t.Context(), sampleConfig(t, data), embeddedMigrations(t), false)
	wantCode(t, err, KindUnavailable, "storage_full")
	check := must[BackupCheck](t)(CheckDatabase(t.Context(), data))
	if left, _ := filepath.Glob(filepath.Join(data, "*.schema-*")); check.Schema != 1 || len(left) > 0 {
		t.Errorf("the database has schema %d; %v is left", check.Schema, left)
	}
	noError(t, os.Remove(filler))
	s := openTest(t, sampleConfig(t, data))
	noError(t, checkSample(t.Context(), s, 1))
	if check := must[BackupCheck](t)(CheckBackup(t.Context(), s.path+".schema-1")); check.Schema != 1 {
		t.Errorf("the copy is %+v", check)
	}
}

// A card that fails is mounted read-only by the kernel: the start says so.
func TestStartOnAReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { noError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	config := testConfig(t, filepath.Join(dir, "data"))
	backedUp(t, config)
	noError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	config.CountStarts = true
	_, err := open(t.Context(), config, embeddedMigrations(t), false)
	if err == nil || !strings.Contains(err.Error(), "mounted read-only") || strings.Contains(err.Error(), startsName) {
		t.Errorf("the start says %v", err)
	}
	if check := must[BackupCheck](t)(CheckDatabase(t.Context(), config.Dir)); check.Schema == 0 {
		t.Errorf("the check says %+v", check)
	}
}
