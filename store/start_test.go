package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	schema "picloud/sql"
)

var update = flag.Bool("update", false, "rewrite sql/schema.sql")

func TestSchemaPicture(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	var picture strings.Builder
	picture.WriteString("-- The schema after the newest migration; go test ./store -run TestSchemaPicture -update rewrites it.\n")
	noError(t, s.read(t.Context(), func(tx *transaction) error {
		return tx.each(func(r row) error {
			picture.WriteString("\n" + r.text(0) + ";\n")
			return nil
		}, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%' ORDER BY type DESC, name")
	}))
	if *update {
		noError(t, os.WriteFile("../sql/schema.sql", []byte(picture.String()), 0o600))
	} else if picture.String() != schema.Schema {
		t.Errorf("sql/schema.sql is not what the migrations make; run the test with -update. They make:\n%s", picture.String())
	}
}

func TestPragmas(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	writer := map[string]string{"page_size": "4096", "journal_mode": "wal", "synchronous": "2", "auto_vacuum": "2", "wal_autocheckpoint": "0",
		"journal_size_limit": "33554432", "cache_size": "-8000", "temp_store": "2", "foreign_keys": "1", "mmap_size": "0", "query_only": "0",
		"busy_timeout": "10000", "locking_mode": "normal"}
	reader := map[string]string{"page_size": "4096", "journal_mode": "wal", "cache_size": "-4000", "temp_store": "2", "query_only": "1",
		"busy_timeout": "10000", "mmap_size": "0"}
	check := func(name string, c *connection, want map[string]string) {
		for pragma, value := range want {
			r := must[row](t)(c.one(t.Context(), "PRAGMA "+pragma))
			if got := fmt.Sprint(r[0]); got != value {
				t.Errorf("%s: %s is %s, want %s", name, pragma, got, value)
			}
		}
	}
	noError(t, s.writer.do(t.Context(), &operation{alone: func(c *connection) error {
		check("writer", c, writer)
		if mode, err := c.raw.FileControlPersistWAL("main", -1); err != nil || mode != 1 {
			t.Errorf("the WAL does not persist: %d, %v", mode, err)
		}
		return nil
	}}))
	check("checkpointer", s.checkpointer.connection, writer)
	for range readConnections {
		c := <-s.readers.idle
		check("reader", c, reader)
		if _, err := c.exec("DELETE FROM users"); err == nil {
			t.Error("a reader can write")
		}
		s.readers.idle <- c
	}
	for file, mode := range map[string]fs.FileMode{s.path: 0o600, s.path + "-wal": 0o600, s.path + "-shm": 0o600,
		s.space.ballast(): 0o600, s.lock.file.Name(): 0o600, filepath.Join(s.config.Dir, markerName): 0o600} {
		if info := must[os.FileInfo](t)(os.Stat(file)); info.Mode().Perm() != mode {
			t.Errorf("%s has mode %o, want %o", file, info.Mode().Perm(), mode)
		}
	}
}

func TestFolderIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	openTest(t, testConfig(t, dir))
	if info := must[os.FileInfo](t)(os.Stat(dir)); info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder has mode %o, want 700", info.Mode().Perm())
	}
}

const filledScripts = 60

// filled returns a folder with a used database: as a stopped process leaves
// it, or as a killed one does.
func filled(t *testing.T, clean bool) string {
	t.Helper()
	dir := t.TempDir()
	s, err := open(t.Context(), testConfig(t, dir), embeddedMigrations(t), false)
	noError(t, err)
	must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
	app := s.Catalog().AppBySlug("default")
	for i := range filledScripts {
		random := make([]byte, 20_000)
		must[int](t)(rand.Read(random))
		source := hex.EncodeToString(random)
		must[Script](t)(s.CreateScript(t.Context(), app.ID, ScriptDraft{Name: fmt.Sprint("script", i), Source: source}))
		if i == filledScripts/2 {
			noError(t, s.writer.do(t.Context(), &operation{alone: func(c *connection) error {
				_, err := s.writer.checkpointHere(c)
				return err
			}}))
		}
	}
	if !clean {
		to := crash(t, dir)
		closeTest(t, s)
		return to
	}
	closeTest(t, s)
	return dir
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	content := must[[]byte](t)(os.ReadFile(path))
	noError(t, os.WriteFile(path, change(content), 0o600))
}

func flipPages(pages int) func([]byte) []byte {
	return func(b []byte) []byte {
		for i := range pages {
			page := 2 + i*(len(b)/4096-2)/pages
			for j := range 64 {
				b[page*4096+j] ^= 0xa5
			}
		}
		return b
	}
}

// Every way in which a data folder can be wrong (D17 of the reliability bars)
// ends in a refusal that says what to do, and leaves every file as it was.
func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		clean bool
		spoil func(t *testing.T, dir, db string)
		says  string
	}{
		{"missing", true, func(t *testing.T, _, db string) { noError(t, os.Remove(db)) }, "missing or empty"},
		{"missing with its WAL", false, func(t *testing.T, _, db string) { noError(t, os.Remove(db)) }, "missing or empty"},
		{"empty", true, func(t *testing.T, _, db string) { noError(t, os.Truncate(db, 0)) }, "missing or empty"},
		{"zeroed header", true, func(t *testing.T, _, db string) {
			edit(t, db, func(b []byte) []byte { clear(b[:4096]); return b })
		}, "damaged"},
		{"one page flipped", true, func(t *testing.T, _, db string) { edit(t, db, flipPages(1)) }, "damaged"},
		{"200 pages flipped", true, func(t *testing.T, _, db string) { edit(t, db, flipPages(200)) }, "damaged"},
		{"pages flipped after a crash", false, func(t *testing.T, _, db string) { edit(t, db, flipPages(20)) }, "damaged"},
		{"half", true, func(t *testing.T, _, db string) {
			edit(t, db, func(b []byte) []byte { return b[:len(b)/8192*4096] })
		}, "damaged"},
		{"WAL missing after a crash", false, func(t *testing.T, _, db string) { noError(t, os.Remove(db+"-wal")) }, "is missing"},
		{"WAL of another database", false, func(t *testing.T, _, db string) {
			other := filled(t, false)
			edit(t, db+"-wal", func([]byte) []byte { return must[[]byte](t)(os.ReadFile(filepath.Join(other, databaseName+"-wal"))) })
		}, "belongs to another database"},
		{"database of another instance", true, func(t *testing.T, _, db string) {
			other := filled(t, true)
			edit(t, db, func([]byte) []byte { return must[[]byte](t)(os.ReadFile(filepath.Join(other, databaseName))) })
		}, "belongs to instance"},
		{"marker without an id", true, func(t *testing.T, dir, _ string) {
			noError(t, os.WriteFile(filepath.Join(dir, markerName), []byte("?"), 0o600))
		}, "does not hold an instance id"},
		{"read-only", true, func(t *testing.T, _, db string) { noError(t, os.Chmod(db, 0o400)) }, "may write"},
		{"not a PiCloud database", true, func(t *testing.T, dir, db string) {
			noError(t, os.Remove(db))
			c := must[*connection](t)(openConnection(db, "?_journal_mode=WAL"))
			must[int64](t)(c.exec("CREATE TABLE other (x)"))
			noError(t, c.close())
		}, "not a PiCloud database"},
		{"newer schema", true, func(t *testing.T, _, db string) {
			c := must[*connection](t)(openConnection(db, writerOptions))
			must[int64](t)(c.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"))
			noError(t, c.close())
		}, "schema 9999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filled(t, c.clean)
			c.spoil(t, dir, filepath.Join(dir, databaseName))
			before := snapshot(t, dir)
			s, err := Open(t.Context(), testConfig(t, dir))
			if err == nil {
				closeTest(t, s)
				t.Fatal("it starts")
			}
			if wantCode(t, err, KindUnavailable, "database_refused"); !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %q, want it to say %q", err, c.says)
			}
			for name, content := range snapshot(t, dir) {
				if old, ok := before[name]; ok && !bytes.Equal(old, content) {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
}

func snapshot(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{databaseName, databaseName + "-wal", markerName} {
		if content, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			files[name] = content
		}
	}
	return files
}

func TestStartGoesOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		clean   bool
		prepare func(t *testing.T, dir, db string)
	}{
		{"after a clean stop", true, func(*testing.T, string, string) {}},
		{"after a crash", false, func(*testing.T, string, string) {}},
		{"without the WAL after a clean stop", true, func(t *testing.T, _, db string) { noError(t, os.Remove(db+"-wal")) }},
		{"with a torn WAL", false, func(t *testing.T, _, db string) {
			edit(t, db+"-wal", func(b []byte) []byte { return b[:200_000] })
		}},
		{"with a WAL whose header a power cut destroyed", true, func(t *testing.T, dir, db string) {
			noError(t, os.WriteFile(filepath.Join(dir, lockName), []byte("running 1\n"), 0o600))
			edit(t, db+"-wal", func(b []byte) []byte { must[int](t)(rand.Read(b[:4096])); return b })
		}},
		{"alone in a new folder", true, func(t *testing.T, dir, db string) {
			for _, name := range []string{db + "-wal", db + "-shm", filepath.Join(dir, markerName), filepath.Join(dir, lockName)} {
				noError(t, os.Remove(name))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filled(t, c.clean)
			c.prepare(t, dir, filepath.Join(dir, databaseName))
			s := openTest(t, testConfig(t, dir))
			if n := len(s.Catalog().Scripts); n < filledScripts/2 || (c.name != "with a torn WAL" && n != filledScripts) {
				t.Errorf("%d scripts, want %d", n, filledScripts)
			}
			if info := must[os.FileInfo](t)(os.Stat(s.path + "-wal")); info.Size() < walPrefill {
				t.Errorf("the WAL has %d bytes, want at least %d", info.Size(), walPrefill)
			}
			if _, err := s.CreateFirstOwner(t.Context(), "eve", "hash"); KindOf(err) != KindConflict {
				t.Errorf("a second first owner: %v", err)
			}
		})
	}
}

// What a first start leaves that ended early is as good as an empty folder.
func TestFirstStartBeginsAgain(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(t *testing.T, db string){
		"before the file was turned to WAL": func(t *testing.T, db string) {
			made := filepath.Join(t.TempDir(), databaseName)
			c := must[*connection](t)(openConnection(made, "?_journal_mode=DELETE&_pragma=cache_size(1)"))
			must[int64](t)(c.exec("PRAGMA user_version=1"))
			must[int64](t)(c.exec("BEGIN"))
			// More than the cache holds, so that the journal is synced and the file is half written.
			must[int64](t)(c.exec("CREATE TABLE large AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 500) SELECT randomblob(4000) FROM n"))
			for _, suffix := range []string{"", "-journal"} {
				noError(t, os.WriteFile(db+suffix, must[[]byte](t)(os.ReadFile(made+suffix)), 0o600))
			}
			noError(t, c.close())
		},
		"before the first migration": func(t *testing.T, db string) {
			c := must[*connection](t)(openConnection(db, creatorOptions))
			must[int64](t)(c.exec("CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL," +
				" is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))"))
			must[int64](t)(c.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)"))
			noError(t, c.close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			leave(t, filepath.Join(dir, databaseName))
			s := openTest(t, testConfig(t, dir))
			must[User](t)(s.CreateFirstOwner(t.Context(), "ann", "hash"))
		})
	}
}

func TestCleanRestartKeepsTheWALFile(t *testing.T) {
	t.Parallel()
	dir := filled(t, true)
	path := filepath.Join(dir, databaseName+"-wal")
	before := must[os.FileInfo](t)(os.Stat(path))
	if state := must[walState](t)(readWALState(path)); state != walEmpty || before.Size() < walPrefill {
		t.Errorf("after a clean stop the WAL is in state %d with %d bytes, want empty at its full length", state, before.Size())
	}
	openTest(t, testConfig(t, dir))
	if after := must[os.FileInfo](t)(os.Stat(path)); !after.ModTime().Equal(before.ModTime()) {
		t.Error("the start wrote the WAL again")
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	_, err := Open(t.Context(), testConfig(t, s.config.Dir))
	if err == nil || !strings.Contains(err.Error(), "another PiCloud process") {
		t.Errorf("the error is %v", err)
	}
	must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "still-works"}))
}

func TestMigrationCopiesFirst(t *testing.T) {
	t.Parallel()
	dir := filled(t, true)
	newest := must[int](t)(newestMigration(embeddedMigrations(t)))
	migrations := func(more string) fs.FS {
		files := fstest.MapFS{fmt.Sprintf("%04d_more.sql", newest+1): {Data: []byte("-- +goose Up\n" + more)}}
		for _, name := range must[[]string](t)(fs.Glob(embeddedMigrations(t), "*.sql")) {
			files[name] = &fstest.MapFile{Data: must[[]byte](t)(fs.ReadFile(embeddedMigrations(t), name))}
		}
		return files
	}
	bad := migrations("CREATE TABLE more (x); INSERT INTO nowhere VALUES (1);")
	if _, err := open(context.Background(), testConfig(t, dir), bad, false); err == nil || !strings.Contains(err.Error(), "migrating") {
		t.Fatalf("a failing migration: %v", err)
	}
	s := openTest(t, testConfig(t, dir)) // the database is as before
	closeTest(t, s)
	good := migrations("CREATE TABLE more (x);")
	s, err := open(context.Background(), testConfig(t, dir), good, false)
	noError(t, err)
	if s.SchemaVersion() != newest+1 || len(s.Catalog().Scripts) != filledScripts {
		t.Errorf("schema %d with %d scripts, want %d with all", s.SchemaVersion(), len(s.Catalog().Scripts), newest+1)
	}
	closeTest(t, s)
	copied := must[*connection](t)(openConnection(fmt.Sprintf("%s.schema-%d", s.path, newest), inspectOptions))
	if version := must[int](t)(schemaVersion(t.Context(), copied)); version != newest {
		t.Errorf("the copy has schema %d, want %d", version, newest)
	}
	noError(t, copied.close())
	if info := must[os.FileInfo](t)(os.Stat(fmt.Sprintf("%s.schema-%d", s.path, newest))); info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %o, want 600", info.Mode().Perm())
	}
}
