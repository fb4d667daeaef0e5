package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// walPrefill is the length that the WAL file gets before its first use. A
// write that makes a file longer changes its metadata, which costs a journal
// commit of the file system with each sync; one into existing blocks does not.
const walPrefill = 8 << 20

// walHeaderBytes is the length of the header at the start of a WAL file.
const walHeaderBytes = 32

// prefillWAL extends the WAL file with written zeros (blocks that are only
// reserved cost the same journal commit later). SQLite ends its reading of a
// WAL at the first frame that does not check, so zeros after the last frame,
// or in place of the header, are an empty rest.
func prefillWAL(wal *os.File) (written int64, err error) {
	info, err := wal.Stat()
	if err != nil {
		return 0, err
	}
	zeros := make([]byte, 256<<10)
	at := info.Size()
	for at < walPrefill {
		n, err := wal.WriteAt(zeros[:min(int64(len(zeros)), walPrefill-at)], at)
		if err != nil {
			return at - info.Size(), fmt.Errorf("preparing the write-ahead log: %w", err)
		}
		at += int64(n)
	}
	if info.Size() >= walPrefill {
		return 0, nil
	}
	return at - info.Size(), wal.Sync()
}

// readSalt returns the first salt of a WAL's header. SQLite draws it when a
// WAL is first written after a start and adds one each time the WAL begins anew.
func readSalt(wal *os.File) (uint32, error) {
	var salt [4]byte
	if _, err := wal.ReadAt(salt[:], 16); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(salt[:]), nil
}

// maxBeginnings is how often a WAL may have begun anew within one run and
// still be known by its salt: decades of full-speed writing.
const maxBeginnings = 1 << 24

// rememberWAL notes in the lock file which WAL belongs to the database, so that
// the next start does not replay another database's after a crash.
func (s *Store) rememberWAL() error {
	salt, err := readSalt(s.wal)
	if err != nil {
		return err
	}
	s.writer.stats.syncs.Add(1)
	return s.lock.setState(fmt.Sprintf("%s %d", stateRunning, salt))
}

// ownWAL reports whether the WAL at path is the one that state speaks of.
func ownWAL(path, state string) (bool, error) {
	var first uint32
	if n, _ := fmt.Sscanf(state, stateRunning+" %d", &first); n == 0 {
		return true, nil // the run ended before it had written anything
	}
	wal, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer wal.Close()
	salt, err := readSalt(wal)
	return salt-first < maxBeginnings, err
}

// walState says what a WAL file holds, as far as its header tells.
type walState int

const (
	walMissing walState = iota
	walEmpty            // SQLite reads nothing from it
	walFilled
)

func readWALState(path string) (walState, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return walMissing, nil
	}
	if err != nil {
		return walMissing, err
	}
	defer file.Close()
	var header [walHeaderBytes]byte
	// A file shorter than a header holds no frame, and what is missing reads as zero.
	if _, err := file.ReadAt(header[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return walMissing, err
	}
	if !soundWALHeader(header) {
		return walEmpty, nil
	}
	return walFilled, nil
}

// soundWALHeader reports whether SQLite would read the frames behind a header.
// One that a power cut has destroyed was being written, so that all frames
// before it are in the database. The rule is SQLite's (sqlite.org/walformat.html).
func soundWALHeader(header [walHeaderBytes]byte) bool {
	const magic = 0x377f0682 // its lowest bit says in which order the sums take bytes
	var order binary.ByteOrder = binary.LittleEndian
	switch binary.BigEndian.Uint32(header[:]) {
	case magic:
	case magic | 1:
		order = binary.BigEndian
	default:
		return false
	}
	var first, second uint32
	for at := 0; at < walHeaderBytes-8; at += 8 {
		first += order.Uint32(header[at:]) + second
		second += order.Uint32(header[at+4:]) + first
	}
	return first == binary.BigEndian.Uint32(header[24:]) && second == binary.BigEndian.Uint32(header[28:])
}

// blankWAL empties a WAL whose frames are all in the database without giving
// up its blocks: the next start has nothing to read and nothing to prepare.
func blankWAL(wal *os.File) error {
	if _, err := wal.WriteAt(make([]byte, walHeaderBytes), 0); err != nil {
		return err
	}
	return syncData(wal)
}

// syncWAL makes every acknowledged write durable, if one is not yet. It runs
// beside the writer: the WAL file carries no file locks, so an own descriptor
// is safe (the database file's are lost when any descriptor of it is closed).
func (s *Store) syncWAL() {
	began, sequence := monotonic(), s.writer.wrote.Load()
	if s.writer.synced.Load() >= sequence {
		return
	}
	if err := syncData(s.wal); err != nil {
		s.writer.fail(fmt.Errorf("syncing the write-ahead log: %w", err))
		return
	}
	s.writer.stats.syncs.Add(1)
	s.written.tailDirty.Store(false)
	s.writer.oldest.Store(began) // what is not in sequence came after it was read
	raise(&s.writer.synced, sequence)
}
