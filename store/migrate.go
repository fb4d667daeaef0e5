package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// newestMigration reads the highest number among the files NNNN_name.sql.
func newestMigration(migrations fs.FS) (int, error) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return 0, err
	}
	newest := 0
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}

// schemaVersion is the newest applied migration; 0 for an empty database.
func schemaVersion(ctx context.Context, c *connection) (int, error) {
	tables, err := c.one(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'")
	if err != nil || tables.integer(0) == 0 {
		return 0, err
	}
	r, err := c.one(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version")
	if err != nil {
		return 0, err
	}
	return int(r.integer(0)), nil
}

// migrate brings the database up to the newest migration, each in one
// transaction, and returns the version it is at. An existing database is
// copied before it is changed.
func migrate(ctx context.Context, c *connection, file string, migrations fs.FS) (int, error) {
	newest, err := newestMigration(migrations)
	if err != nil {
		return 0, err
	}
	version, err := schemaVersion(ctx, c)
	switch {
	case err != nil:
		return 0, fmt.Errorf("reading the schema version: %w", err)
	case version == newest:
		return version, nil
	case version > newest:
		return 0, newerSchema(file, version, newest)
	}
	if version > 0 {
		if err := copyBefore(ctx, c, file, version); err != nil {
			return 0, fmt.Errorf("copying the database before its migration, which has not begun: %w", err)
		}
	}
	return newest, runMigrations(ctx, file, migrations)
}

func newerSchema(file string, version, newest int) error {
	return refusal("%s has schema %d, this PiCloud knows %d: use the PiCloud that last ran here, or a newer one", file, version, newest)
}

func runMigrations(ctx context.Context, file string, migrations fs.FS) (err error) {
	db, err := sql.Open("sqlite", dataSource(file, writerOptions))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database (it is as before; the copy beside it too): %w", err)
	}
	return nil
}

// copyBefore writes FILE.schema-N beside the file, and checks it. SQLite makes the copy
// itself: a second descriptor of the database file would, when closed, drop
// the locks that the process holds on it.
func copyBefore(ctx context.Context, c *connection, file string, version int) error {
	if err := roomFor(file, filepath.Dir(file)); err != nil {
		return err
	}
	target := fmt.Sprintf("%s.schema-%d", file, version)
	temporary := target + ".new"
	if err := os.WriteFile(temporary, nil, 0o600); err != nil {
		return err
	}
	if _, err := c.exec("VACUUM INTO ?", temporary); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	// A first start that was cut short has no instance yet, so only the pages count.
	if err := checkPagesOf(ctx, temporary); err != nil {
		return errors.Join(fmt.Errorf("the copy is not sound: %w", err), os.Remove(temporary))
	}
	copied, err := os.Open(temporary)
	if err != nil {
		return err
	}
	if err := errors.Join(copied.Sync(), copied.Close(), os.Rename(temporary, target)); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(file))
}
