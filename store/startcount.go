package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// SafeAfter is how many starts must have ended in a crash, one after another,
// for the next one to be a safe one.
const SafeAfter = 3

const (
	startsName = "picloud.starts"
	// startedWell is how long a process must run for its start not to be counted.
	startedWell = time.Minute
)

// StartCrashes is how many of a data folder's last starts have ended in a crash
// within their first minute, without a good one since. A power cut is none: the
// count holds within one boot of the machine.
func StartCrashes(dir string) (int, error) {
	content, err := os.ReadFile(filepath.Join(dir, startsName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var boot string
	var starts int
	// A file that cannot be read counts nothing: it was being written.
	if _, err := fmt.Sscanf(string(content), "%s %d", &boot, &starts); err != nil || boot != bootText() {
		return 0, nil
	}
	return starts, nil
}

func bootText() string {
	boot := bootID()
	return hex.EncodeToString(boot[:])
}

// noteStart notes that a start has begun.
func (s *Store) noteStart() (err error) {
	if !s.config.CountStarts {
		return nil
	}
	if s.startCrashes, err = StartCrashes(s.config.Dir); err != nil {
		return err
	}
	// On a full disk it is more important to start than to count.
	if err := writeFile(filepath.Join(s.config.Dir, startsName), fmt.Appendf(nil, "%s %d\n", bootText(), s.startCrashes+1)); err != nil {
		s.config.Logger.Warn("a crash of this start would not be counted", "error", err)
	}
	return nil
}

// forgetStarts notes that the process has not crashed: it stops in order, its
// start was refused, or it runs well. After a safe start only the first of these
// counts: what crashed is switched off and proves nothing.
func (s *Store) forgetStarts() error {
	if !s.config.CountStarts {
		return nil
	}
	return removeIfThere(filepath.Join(s.config.Dir, startsName))
}

// SafeMode reports whether triggers should stay off, because three starts before
// this one have crashed. An orderly restart ends it.
func (s *Store) SafeMode() bool { return s.startCrashes >= SafeAfter }

// noteGoodStart forgets the crashes once, a minute after the start.
func (h *housekeeper) noteGoodStart() error {
	if h.settled || h.store.SafeMode() || monotonic()-h.began < int64(startedWell) {
		return nil
	}
	h.settled = true
	return h.store.forgetStarts()
}
