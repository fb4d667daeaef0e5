package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A command on the box cannot write to a database that a server has open: one
// process at a time may. It leaves a request in the data folder, which only
// root and the server's own user can do, and the server's housekeeping takes it.
const (
	resetRequestName = "picloud.password-reset"
	resetAnswerName  = "picloud.password-reset.done"
	maxResetBytes    = 4 << 10
	resetPollEvery   = 100 * time.Millisecond
)

// commandActor is who resets a password on the box, as the audit has it.
var commandActor = Actor{Username: "picloud admin reset-password", Address: "this machine"}

// resetRequest asks for a new password. ID tells its answer from an older one.
type resetRequest struct {
	ID           string `json:"id"`
	Username     string `json:"username"`
	PasswordHash string `json:"password_hash"`
}

// resetAnswer is what came of a request; Error is "" when the password is set.
type resetAnswer struct {
	ID     string `json:"id"`
	Active bool   `json:"active"`
	Error  string `json:"error"`
}

// ErrUnanswered says that a running server did not answer in time: the password
// may have been set all the same.
var ErrUnanswered = errors.New("the running server did not answer in time; stop it and try again")

// RecoverPassword sets a user's password in the data folder config.Dir, also
// while a server uses it; ctx bounds how long that server may take. It reports
// whether the user is active. One command at a time does so in a folder.
func RecoverPassword(ctx context.Context, config Config, username, passwordHash string) (active bool, err error) {
	if err := mustExist(config.Dir); err != nil {
		return false, err
	}
	release, err := takeTurn(ctx, config.Dir)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, release()) }()
	request := resetRequest{ID: rand.Text(), Username: username, PasswordHash: passwordHash}
	active, err = recoverAlone(ctx, config, request)
	if !errors.Is(err, errInUse) {
		return active, err
	}
	if err := leaveRequest(config.Dir, request); err != nil {
		return false, fmt.Errorf("the data folder %s cannot be written (run this as root, or as the user that runs PiCloud): %w", config.Dir, err)
	}
	return awaitAnswer(ctx, config, request)
}

// takeTurn waits until no other command resets a password in the folder: there
// is one request and one answer. The lock is the folder's own, so that it leaves
// nothing behind.
func takeTurn(ctx context.Context, dir string) (release func() error, err error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(resetPollEvery)
	defer ticker.Stop()
	for {
		err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return folder.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("the data folder %s cannot be locked: %w", dir, err), folder.Close())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, errors.Join(errors.New("another reset-password is still at work; try again"), folder.Close())
		}
	}
}

// dropResets removes what a command left that nobody waits for any more: a
// password must not change when nobody expects it.
func dropResets(dir string) error {
	return errors.Join(removeIfThere(filepath.Join(dir, resetRequestName)), removeIfThere(filepath.Join(dir, resetAnswerName)))
}

// recoverAlone sets the password when no server runs.
func recoverAlone(ctx context.Context, config Config, request resetRequest) (active bool, err error) {
	config.locked = true
	s, err := Open(ctx, config)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	return s.reset(ctx, request)
}

func (s *Store) reset(ctx context.Context, request resetRequest) (bool, error) {
	user, err := s.resetPassword(WithAudit(ctx, ActionResetPassword, commandActor), request.Username, request.PasswordHash)
	return user.Active, err
}

// leaveRequest puts the request where the server finds it.
func leaveRequest(dir string, request resetRequest) error {
	content, err := json.Marshal(request)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, resetRequestName)
	draft := path + ".draft"
	if err := writeFile(draft, content); err != nil {
		return err
	}
	if err := giveToOwner(dir, draft); err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	return os.Rename(draft, path)
}

// giveToOwner gives a file that root has made to whom the folder belongs: the
// server could not read it otherwise.
func giveToOwner(dir, path string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return os.Chown(path, int(owner.Uid), int(owner.Gid))
	}
	return nil
}

// awaitAnswer waits for the server's answer. When the server stops without
// one, the request is done here.
func awaitAnswer(ctx context.Context, config Config, request resetRequest) (bool, error) {
	ticker := time.NewTicker(resetPollEvery)
	defer ticker.Stop()
	path := filepath.Join(config.Dir, resetRequestName)
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false, errors.Join(ErrUnanswered, removeIfThere(path))
		}
		answer, err := readReset[resetAnswer](filepath.Join(config.Dir, resetAnswerName))
		if err == nil && answer.ID == request.ID {
			return answer.Active, errors.Join(answer.failure(), dropResets(config.Dir))
		}
		if active, err := takeOver(ctx, config, request); !errors.Is(err, errInUse) {
			return active, err
		}
		// A server that has just started dropped it as a left-over.
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if err := leaveRequest(config.Dir, request); err != nil {
				return false, err
			}
		}
	}
}

// takeOver does the request itself if the server has stopped meanwhile. Should
// it have been done already, or be done at the same time by this process's own
// housekeeping, that was the same password.
func takeOver(ctx context.Context, config Config, request resetRequest) (bool, error) {
	active, err := recoverAlone(ctx, config, request)
	if errors.Is(err, errInUse) {
		return false, err
	}
	return active, errors.Join(err, removeIfThere(filepath.Join(config.Dir, resetRequestName)), removeIfThere(filepath.Join(config.Dir, resetAnswerName)))
}

func (a resetAnswer) failure() error {
	if a.Error == "" {
		return nil
	}
	return errors.New(a.Error)
}

// takeReset does the request that a command has left, if there is one.
func (h *housekeeper) takeReset(ctx context.Context) error {
	dir := h.store.config.Dir
	path := filepath.Join(dir, resetRequestName)
	request, err := readReset[resetRequest](path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	answer := resetAnswer{ID: request.ID}
	if err == nil {
		answer.Active, err = h.store.reset(ctx, request)
	}
	if err != nil {
		answer.Error = err.Error()
	}
	content, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	// The answer first: a request that is gone without one is left again.
	return errors.Join(writeFile(filepath.Join(dir, resetAnswerName), content), removeIfThere(path))
}

func readReset[T any](path string) (value T, err error) {
	file, err := os.Open(path)
	if err != nil {
		return value, err
	}
	content, err := io.ReadAll(io.LimitReader(file, maxResetBytes))
	if err := errors.Join(err, file.Close()); err != nil {
		return value, err
	}
	if err := json.Unmarshal(content, &value); err != nil {
		return value, fmt.Errorf("%s is not a request of this PiCloud: %w", path, err)
	}
	return value, nil
}

// mustExist refuses a folder that holds no database, which a command on the
// box would otherwise make.
func mustExist(dir string) error {
	_, err := os.Stat(filepath.Join(dir, databaseName))
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the data folder %s is not open to this user; run it as the one that runs PiCloud, or with sudo: %w", dir, err)
	}
	if err != nil {
		return fmt.Errorf("there is no PiCloud database in %s (--data or PICLOUD_DATA says where it is): %w", dir, err)
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
