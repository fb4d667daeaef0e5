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
	if check.Bytes, err = backupSize(path); err != nil {
		return check, err
	}
	return check, check.examine(ctx, path, finishedOptions, path)
}

// backupSize returns a backup's size, and refuses what cannot be one. It opens
// nothing: a named pipe would never answer.
func backupSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return 0, refusal("%s is not a backup: it is empty, or no file", path)
	}
	return info.Size(), nil
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
	return check, check.examine(ctx, path, inspectOptions, path)
}

// examine looks at the file of a path; messages call it by name.
func (b *BackupCheck) examine(ctx context.Context, path, options, name string) (err error) {
	c, err := openConnection(path, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := checkPages(ctx, c); err != nil && resultCode(err) != 0 && !isDamage(err) {
		return unreadable(path, err)
	} else if err != nil {
		return &Error{Kind: KindUnavailable, Code: "database_refused", Err: err, Message: fmt.Sprintf("%s is damaged, or not a database", name)}
	}
	return b.read(ctx, c, name)
}

func checkPagesOf(ctx context.Context, path string) (err error) {
	c, err := openConnection(path, finishedOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	return checkPages(ctx, c)
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

func (b *BackupCheck) read(ctx context.Context, c *connection, name string) (err error) {
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
		return newerSchema(name, b.Schema, newest)
	}
	r, err := c.one(ctx, "SELECT id FROM instance")
	if err != nil {
		return &Error{Kind: KindUnavailable, Code: "database_refused", Err: err, Message: name + " is not a PiCloud database"}
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
	keys, err := b.keys(config)
	if errors.Is(err, fs.ErrNotExist) {
		return refusal("the %d secrets in it need the key of the id %s, but there is no key in %s: put it there first", b.Secrets, b.KeyID, b.keyPlace(config))
	}
	if err != nil {
		return err
	}
	if b.opens(config, keys) {
		return nil
	}
	return refusal("the %d secrets in it are sealed with another key than %s (their key has the id %s, this one %s): put the right one there first",
		b.Secrets, b.keyPlace(config), b.KeyID, keys[0].id())
}

// CheckStart is CheckKey for a database that is in use: a server refuses every
// key but the one it was sealed with, unless the key is the folder's own, which
// is missing, and there are no secrets.
func (b *BackupCheck) CheckStart(config Config) error {
	if b.Secrets > 0 || b.sealedKey == nil {
		return b.CheckKey(config)
	}
	keys, err := b.keys(config)
	if errors.Is(err, fs.ErrNotExist) && config.SecretKey.inFolder() {
		return nil
	}
	if err == nil && !b.opens(config, keys) {
		err = refusal("%s (id %s) is not the key that the database was sealed with (id %s): put the right one there", b.keyPlace(config), keys[0].id(), b.KeyID)
	}
	return err
}

func (b *BackupCheck) keys(config Config) ([]SecretKey, error) {
	return (&Store{config: config}).masterKeys()
}

func (b *BackupCheck) keyPlace(config Config) string { return (&Store{config: config}).keyPlace() }

// opens reports whether one of the keys opens what the database has sealed.
func (b *BackupCheck) opens(config Config, keys []SecretKey) bool {
	s := &Store{config: config, instance: b.Instance}
	for _, key := range keys {
		if _, err := s.openWith(key, b.sealedKey); err == nil {
			return true
		}
	}
	return false
}

// freeOfKey lets a copy without secrets take the key of where it goes: sealed
// with another, it would not start there. What the other key has sealed besides,
// answers to webhooks that may come again, is lost.
func (b *BackupCheck) freeOfKey(config Config, path string) (err error) {
	if b.Secrets > 0 || b.sealedKey == nil {
		return nil
	}
	if keys, err := b.keys(config); err == nil && b.opens(config, keys) {
		return nil
	}
	c, err := openConnection(path, aloneOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, statement := range []string{"UPDATE instance SET sealed_key = NULL, key_id = NULL", "DELETE FROM webhook_answers"} {
		if _, err := c.exec(statement); err != nil {
			return fmt.Errorf("letting the backup take another key: %w", err)
		}
	}
	return nil
}
