package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// runningFile tells, after a crash, which deliveries were running: one slot of
// eight bytes for each of the dispatcher's workers, written in place and never
// synced. What a process has written survives its end in the kernel's memory,
// so a delivery whose script ends the process is found, at the cost of a system
// call and no flush. A power cut may lose the newest slots, and must not count
// against a script anyway: the file begins with the id of the kernel's boot.
type runningFile struct {
	file *os.File
	boot [uuidBytes]byte
}

const (
	uuidBytes = 16
	slotBytes = 8
	// MaxRunning is how many deliveries can run at once.
	MaxRunning = 4096
	// MaxCrashes is how many times a delivery may be running when the process
	// ends; then it becomes a dead letter.
	MaxCrashes = 3
)

// bootID names the kernel's boot; zero where the system does not tell.
func bootID() (id [uuidBytes]byte) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return id
	}
	if parsed, err := uuid.Parse(strings.TrimSpace(string(text))); err == nil {
		id = parsed
	}
	return id
}

// openRunning opens the file and returns the keys of the deliveries that ran
// when the last process ended, and whether that was its own end rather than
// the machine's.
func openRunning(directory string) (r *runningFile, keys []int64, crashed bool, err error) {
	file, err := os.OpenFile(filepath.Join(directory, runningName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, false, err
	}
	r = &runningFile{file: file, boot: bootID()}
	content := make([]byte, uuidBytes+MaxRunning*slotBytes)
	n, err := file.ReadAt(content, 0)
	if n < len(content) {
		return r, nil, false, nil // new, or cut short by the machine's end
	}
	if err != nil {
		return nil, nil, false, errors.Join(err, file.Close())
	}
	for at := uuidBytes; at < len(content); at += slotBytes {
		if key := int64(binary.LittleEndian.Uint64(content[at:])); key != 0 {
			keys = append(keys, key)
		}
	}
	return r, keys, [uuidBytes]byte(content[:uuidBytes]) == r.boot, nil
}

// clear empties all slots in the name of this boot.
func (r *runningFile) clear() error {
	content := make([]byte, uuidBytes+MaxRunning*slotBytes)
	copy(content, r.boot[:])
	_, err := r.file.WriteAt(content, 0)
	return err
}

func (r *runningFile) set(slot int, key int64) error {
	var content [slotBytes]byte
	binary.LittleEndian.PutUint64(content[:], uint64(key))
	_, err := r.file.WriteAt(content[:], int64(uuidBytes+slot*slotBytes))
	return err
}

// MarkRunning notes that a delivery runs in a slot, 0 to MaxRunning-1; the zero
// id that nothing does. After a crash the delivery counts it as its own.
func (s *Store) MarkRunning(slot int, id uuid.UUID) error {
	key := int64(0)
	if id != uuid.Nil {
		key, _, _ = splitID(id)
	}
	if err := s.running.set(slot, key); err != nil {
		return fmt.Errorf("noting a running delivery: %w", err)
	}
	return nil
}

// ClearRunning notes that no delivery runs any more: what still does is given
// back and must not count as a crash.
func (s *Store) ClearRunning() error {
	if err := s.running.clear(); err != nil {
		return fmt.Errorf("noting that no delivery runs: %w", err)
	}
	return nil
}

const countCrash = "UPDATE outbox SET due_at = NULL, crashes = crashes + 1, attempts = json_insert(coalesce(attempts, '[]'), '$[#]'," +
	" json_object('at', ?2, 'error', 'PiCloud ended while it ran', 'execution_id', NULL)) WHERE key = ?1"

// countCrashes adds one to the crashes of the deliveries that ran when the last
// process ended, and makes them due at once, whatever the clock says.
func (s *Store) countCrashes() error {
	running, keys, crashed, err := openRunning(s.config.Dir)
	if err != nil {
		return fmt.Errorf("reading which deliveries were running: %w", err)
	}
	s.running = running
	c := s.writer.connection
	for _, key := range keys {
		if crashed {
			_, err = c.exec(countCrash, key, s.now().String())
		} else {
			_, err = c.exec("UPDATE outbox SET due_at = NULL WHERE key = ?", key)
		}
		if err != nil {
			return fmt.Errorf("counting a crash: %w", err)
		}
	}
	return running.clear()
}
