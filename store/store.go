package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"

	schema "picloud/sql"
)

// readConnections is the size of the reader pool: one that slow queries of
// documents never hold, one that those of a single app never hold, and two for
// two cores. Each may cache 4 MB of pages.
const readConnections = 4

// Config is what Open needs.
type Config struct {
	Dir    string       // data folder; the database is Dir/picloud.db
	Logger *slog.Logger // never nil
	Now    func() time.Time
	// LogRetentionDays and LogRetentionRows bound the execution log by age and
	// by rows per script; 0 means 14 days and 1,000 rows (spec 4).
	LogRetentionDays int
	LogRetentionRows int
	// ReservedModuleNames are the names of the SDK's own tables, which no
	// module may take.
	ReservedModuleNames []string
	// DataCacheBytes bounds the cache of key-value entries; 0 means 8 MiB.
	DataCacheBytes int
	// SecretKey is where the key that seals secrets comes from.
	SecretKey KeySource
	// CountStarts counts the starts that crash, for SafeMode; a command on the box
	// leaves the server's count alone.
	CountStarts bool
	// locked opens the database without its master key, for a command that
	// needs no secret and may not know where the key is.
	locked bool
	// OnFatal is called once when a sync or commit fails in a way that only a
	// restart can recover from; cli ends the process.
	OnFatal func(error)
}

// Store is the open database.
type Store struct {
	config     Config
	migrations fs.FS
	path       string
	instance   uuid.UUID
	secret     [32]byte
	secrets    sealer // with the master key
	answers    sealer // with a key that the master key has sealed
	version    int

	lock         *lockFile
	wal          *os.File
	space        *diskSpace
	writer       *writer
	written      *writtenBytes
	checkpointer *checkpointer
	readers      *readerPool
	housekeeper  *housekeeper

	catalog            catalogHolder
	data               *dataCache
	queries            *querySlots
	outbox             outbox
	fired              firedStamps
	running            *runningFile
	startCrashes       int
	backingUp          sync.Mutex                                 // held while a copy is made
	rest               func(context.Context, time.Duration) error // between two steps of it
	deadLettersMade    atomic.Int64
	deadLettersDropped atomic.Int64
	deadLetterRooms    map[uuid.UUID]deadLetterRoom // by app, of those that were counted; the writer's
	ids                idGenerator
	log                executionLog
	closed             atomic.Bool
}

// Open opens or makes the database in config.Dir. Its error says what to do
// when the folder is in use, the database is missing where one was, damaged,
// of another instance, or newer than this PiCloud; nothing is changed then.
func Open(ctx context.Context, config Config) (*Store, error) {
	migrations, err := fs.Sub(schema.Migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return open(ctx, config, migrations, true)
}

// open is Open with the migrations given, and with or without the goroutine
// that works each second, so that a test can do its work by hand.
func open(ctx context.Context, config Config, migrations fs.FS, keepHouse bool) (*Store, error) {
	if config.LogRetentionDays == 0 {
		config.LogRetentionDays = 14
	}
	if config.LogRetentionRows == 0 {
		config.LogRetentionRows = 1000
	}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	if config.DataCacheBytes == 0 {
		config.DataCacheBytes = 8 << 20
	}
	s := &Store{
		config: config, migrations: migrations, path: filepath.Join(config.Dir, databaseName),
		ids: idGenerator{now: config.Now}, data: newDataCache(config.DataCacheBytes), deadLetterRooms: make(map[uuid.UUID]deadLetterRoom),
		queries: newQuerySlots(), space: newDiskSpace(config.Dir), written: newWrittenBytes(), rest: rest,
	}
	if err := s.start(ctx); err != nil {
		if s.lock != nil { // else the count is that of who has the folder
			err = errors.Join(err, s.forgetStarts())
		}
		return nil, errors.Join(err, s.abandon())
	}
	if keepHouse && !config.locked {
		if err := dropResets(config.Dir); err != nil {
			return nil, errors.Join(err, s.abandon())
		}
	}
	s.run(keepHouse)
	return s, nil
}

// abandon gives back what a failed start has taken.
func (s *Store) abandon() error {
	var errs []error
	if s.checkpointer != nil {
		errs = append(errs, s.checkpointer.connection.close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.close(readConnections))
	}
	if s.writer != nil {
		errs = append(errs, s.writer.connection.close())
	}
	if s.running != nil {
		errs = append(errs, s.running.file.Close())
	}
	if s.wal != nil {
		errs = append(errs, s.wal.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}

func (s *Store) start(ctx context.Context) error {
	// A commit needs no stored modification time; see syncData. Where the
	// system has no fdatasync the commit stays as it is.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return err
	}
	var err error
	if s.lock, err = takeLock(s.config.Dir); err != nil {
		return err
	}
	if err := s.space.makeRoomToStart(); err != nil {
		return err
	}
	f, err := inspect(ctx, s.config.Dir, s.lock)
	if err != nil {
		return err
	}
	if err := dropCopies(s.path); err != nil {
		return err
	}
	if err := s.noteStart(); err != nil {
		return err
	}
	if err := s.openDatabase(ctx, f); err != nil {
		return err
	}
	if err := s.space.prepare(); err != nil {
		return err
	}
	// From here on a crash must find a WAL, so it exists before this is said.
	if err := errors.Join(syncDirectory(s.config.Dir), s.lock.setState(stateRunning)); err != nil {
		return err
	}
	if err := errors.Join(s.countCrashes(), s.countStart()); err != nil {
		return err
	}
	return s.load(ctx)
}

// load fills what is kept in memory.
func (s *Store) load(ctx context.Context) error {
	return readWith(ctx, s.writer.connection, s.now(), func(t *transaction) error {
		catalog, err := loadCatalog(t)
		if err != nil {
			return err
		}
		s.catalog.publish(catalog)
		newest, err := newestExecutionKey(t)
		if err != nil {
			return err
		}
		s.ids.start(newest)
		if err := s.outbox.load(t, &s.ids); err != nil {
			return fmt.Errorf("reading the outbox: %w", err)
		}
		return s.log.load(t, s)
	})
}

func (s *Store) run(keepHouse bool) {
	go s.writer.run()
	go s.checkpointer.run()
	s.housekeeper = newHousekeeper(s)
	if keepHouse {
		go s.housekeeper.run()
	} else {
		close(s.housekeeper.stopped)
	}
}

// Close flushes the execution log, checkpoints and closes. Operations that
// were queued before it are done; later ones fail with the code "closed".
func (s *Store) Close(ctx context.Context) error {
	if !s.closed.CompareAndSwap(false, true) {
		return nil
	}
	close(s.housekeeper.stop)
	<-s.housekeeper.stopped
	ctx = context.WithoutCancel(ctx) // what is recorded is kept also when the time to stop is over
	flushed := errors.Join(s.FlushExecutions(ctx), s.flushAcks(ctx), s.flushFired(ctx))
	s.writer.stop()
	close(s.checkpointer.stop)
	<-s.checkpointer.stopped
	closed := errors.Join(s.checkpointer.connection.close(), s.readers.close(readConnections))
	blank, err := s.closeWriter()
	if err == nil && blank {
		err = s.markStopped()
	}
	return errors.Join(flushed, closed, err, s.forgetStarts(), s.wal.Close(), s.running.file.Close(), s.lock.release())
}

// closeWriter moves the WAL into the database and closes the last connection;
// true when nothing is left in the WAL.
func (s *Store) closeWriter() (bool, error) {
	c := s.writer.connection
	result, err := checkpointResult{}, error(nil)
	if s.writer.broken.Load() == nil {
		result, err = checkpoint(c, "FULL")
	}
	// With a limit SQLite would cut the file to nothing when it closes.
	_, limit := c.exec("PRAGMA journal_size_limit=-1")
	broken := s.writer.broken.Load() != nil
	return !broken && err == nil && result.moved == result.frames, errors.Join(err, limit, c.close())
}

func (s *Store) markStopped() error {
	if err := blankWAL(s.wal); err != nil {
		return err
	}
	state, err := stateStopped(s.path)
	if err != nil {
		return err
	}
	return s.lock.setState(state)
}

// Ping answers nil when a read and the writer's loop answer (for /readyz).
func (s *Store) Ping(ctx context.Context) error {
	if broken := s.writer.broken.Load(); broken != nil {
		return broken
	}
	if err := s.writer.do(ctx, &operation{}); err != nil {
		return fmt.Errorf("the writer does not answer: %w", err)
	}
	return s.read(ctx, func(t *transaction) error {
		_, err := t.first("SELECT 1")
		return err
	})
}

// SchemaVersion is the newest applied migration.
func (s *Store) SchemaVersion() int { return s.version }

// WriterStats counts what the writer has done since the start. WALBytes is how
// much of the write-ahead log is in use.
type WriterStats struct{ Operations, Groups, DurableGroups, Syncs, Checkpoints, WALBytes int64 }

// WriterStats returns the counts so far.
func (s *Store) WriterStats() WriterStats {
	c := &s.writer.stats
	return WriterStats{
		Operations: c.operations.Load(), Groups: c.groups.Load(), DurableGroups: c.durableGroups.Load(),
		Syncs: c.syncs.Load(), Checkpoints: c.checkpoints.Load(), WALBytes: c.walFrames.Load() * frameBytes,
	}
}

func (s *Store) now() Time { return TimeOf(s.config.Now()) }
