package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	schema "picloud/sql"
)

// BackupCheck is what a backup holds, as far as a check has found out.
type BackupCheck struct {
	Instance uuid.UUID
	Schema   int
	Bytes    int64
	Secrets  int64 // sealed with the key of the id KeyID
	KeyID    string

	sealedKey []byte
}

// CheckBackup reads all of a backup: SQLite's integrity check over every page
// and index, the references between tables, and that it is a PiCloud database
// of a schema that this binary knows. It changes nothing.
func CheckBackup(ctx context.Context, path string) (check BackupCheck, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return check, err
	}
	check.Bytes = info.Size()
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return check, refusal("%s is not a backup: it is empty, or no file", path)
	}
	return check, check.examine(ctx, path, finishedOptions)
}

// CheckDatabase is CheckBackup for the database of a data folder, whether a
// server uses it or not.
func CheckDatabase(ctx context.Context, dir string) (check BackupCheck, err error) {
	if err := mustExist(dir); err != nil {
		return check, err
	}
	path := filepath.Join(dir, databaseName)
	info, err := os.Stat(path)
	if err != nil {
		return check, err
	}
	check.Bytes = info.Size()
	return check, check.examine(ctx, path, inspectOptions)
}

func (b *BackupCheck) examine(ctx context.Context, path, options string) (err error) {
	c, err := openConnection(path, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := checkPages(ctx, c); err != nil {
		return &Error{Kind: KindUnavailable, Code: "database_refused", Err: err, Message: fmt.Sprintf("%s is damaged, or not a database", path)}
	}
	return b.read(ctx, c, path)
}

// checkPages asks SQLite for everything it can find wrong.
func checkPages(ctx context.Context, c *connection) error {
	r, err := c.one(ctx, "PRAGMA integrity_check(1)")
	if err != nil {
		return err
	}
	if r.text(0) != "ok" {
		return errors.New(r.text(0))
	}
	err = c.query(ctx, func(r row) error { return fmt.Errorf("a row of %s refers to nothing", r.text(0)) }, "PRAGMA foreign_key_check")
	return err
}

func (b *BackupCheck) read(ctx context.Context, c *connection, path string) (err error) {
	if b.Schema, err = schemaVersion(ctx, c); err != nil {
		return err
	}
	migrations, err := fs.Sub(schema.Migrations, "migrations")
	if err != nil {
		return err
	}
	newest, err := newestMigration(migrations)
	if err != nil {
		return err
	}
	if b.Schema > newest {
		return newerSchema(path, b.Schema, newest)
	}
	r, err := c.one(ctx, "SELECT id FROM instance")
	if err != nil {
		return &Error{Kind: KindUnavailable, Code: "database_refused", Err: err, Message: path + " is not a PiCloud database"}
	}
	b.Instance = r.id(0)
	return b.readSecrets(ctx, c)
}

// readSecrets is for a schema that may not know secrets yet.
func (b *BackupCheck) readSecrets(ctx context.Context, c *connection) error {
	known, err := c.one(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'secrets'")
	if err != nil || known.integer(0) == 0 {
		return err
	}
	r, err := c.one(ctx, "SELECT (SELECT count(*) FROM secrets), coalesce(key_id, ''), sealed_key FROM instance")
	if err == nil {
		b.Secrets, b.KeyID, b.sealedKey = r.integer(0), r.text(1), r.blob(2)
	}
	return err
}

// CheckKey refuses a backup whose secrets the key of config does not open. One
// without secrets goes with any key, and with none.
func (b *BackupCheck) CheckKey(config Config) error {
	if b.Secrets == 0 {
		return nil
	}
	s := &Store{config: config, instance: b.Instance}
	keys, err := s.masterKeys()
	if errors.Is(err, fs.ErrNotExist) {
		return refusal("the backup has %d secrets, but there is no key in %s: put the key of the id %s there first", b.Secrets, s.keyPlace(), b.KeyID)
	}
	if err != nil {
		return err
	}
	for _, key := range keys {
		if _, err := s.openWith(key, b.sealedKey); err == nil {
			return nil
		}
	}
	return refusal("the backup's %d secrets are sealed with another key than %s (their key has the id %s, this one %s): put the right one there first",
		b.Secrets, s.keyPlace(), b.KeyID, keys[0].id())
}
