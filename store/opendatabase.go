package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
)

// openDatabase opens the connections and brings the schema up to date.
func (s *Store) openDatabase(ctx context.Context, f found) error {
	file, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the database cannot be written (give it to the user that runs PiCloud): %w", err)
	}
	// SQLite gives its own files the mode of this one.
	if err := errors.Join(file.Chmod(0o600), file.Close()); err != nil {
		return err
	}
	if err := s.refuseNewer(ctx, f); err != nil {
		return err
	}
	if err := s.openWriter(f.fresh); err != nil {
		return err
	}
	if s.version, err = migrate(ctx, s.writer.connection, s.path, s.migrations); err != nil {
		return err
	}
	if err := s.identify(f); err != nil {
		return err
	}
	if !s.config.locked {
		if err := s.unlock(ctx); err != nil {
			return err
		}
	}
	if s.checkpointer, err = newCheckpointer(s.path, s.writer); err != nil {
		return err
	}
	s.writer.onGrown = s.checkpointer.grown
	s.readers, err = openReaders(s.path, readConnections)
	return err
}

// refuseNewer looks at the schema version before anything is opened for writing.
func (s *Store) refuseNewer(ctx context.Context, f found) (err error) {
	if f.fresh {
		return nil
	}
	c, err := openConnection(s.path, inspectOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	newest, err := newestMigration(s.migrations)
	if err != nil {
		return err
	}
	version, err := schemaVersion(ctx, c)
	if err == nil && version > newest {
		return newerSchema(s.path, version, newest)
	}
	return err
}

func (s *Store) openWriter(fresh bool) error {
	options := writerOptions
	if fresh {
		options = creatorOptions
	}
	c, err := openConnection(s.path, options)
	if err != nil {
		return err
	}
	s.writer = &writer{
		connection: c, now: s.config.Now, onFatal: s.config.OnFatal, space: s.space, full: true, written: s.written,
		publish: s.catalog.publish, data: s.data, outbox: &s.outbox, sync: s.syncWAL, onGrown: func() {}, onFirst: s.rememberWAL,
		queue: make(chan *operation, maxGroup), stopped: make(chan struct{}), patience: time.NewTimer(0),
	}
	// The file outlives the last connection: making it anew costs a start 8 MiB of writes.
	if _, err := c.raw.FileControlPersistWAL("main", 1); err != nil {
		return err
	}
	// The first read makes the WAL file.
	if _, err := c.one(context.Background(), "SELECT count(*) FROM sqlite_schema"); err != nil {
		return err
	}
	if s.wal, err = os.OpenFile(s.path+"-wal", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	s.writer.wal = s.wal
	filled, err := prefillWAL(s.wal)
	s.written.add(CauseStart, filled)
	if err != nil {
		return err
	}
	found, err := checkpoint(c, "NOOP")
	s.writer.frames = found.frames // what a crash has left there
	return err
}

// countStart counts what was written past the writer since it was opened.
func (s *Store) countStart() error {
	w := s.writer
	result, err := checkpoint(w.connection, "NOOP")
	if err == nil && result.frames > w.frames {
		s.written.add(CauseStart, s.written.growWAL(w.frames, result.frames))
		w.frames = result.frames
	}
	return err
}

// identify gives a fresh database its id, and the folder its marker.
func (s *Store) identify(f found) error {
	s.instance = f.instance
	if f.fresh {
		id, err := uuid.NewRandom()
		if err != nil {
			return err
		}
		s.instance = id
		if _, err := s.writer.connection.exec("INSERT INTO instance (id, created_at) VALUES (?, ?)", id, s.now()); err != nil {
			return err
		}
	}
	if err := s.loadSecret(); err != nil {
		return err
	}
	marker := filepath.Join(s.config.Dir, markerName)
	if _, err := os.Stat(marker); err == nil {
		return nil
	}
	return writeFile(marker, []byte(s.instance.String()+"\n"))
}
