package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeyName is the file of the master key in a data folder that was given none.
const KeyName = "picloud.key"

const (
	nextKeyName = "picloud.key.next" // its successor, while it is being changed

	maxKeyFileBytes = 4 << 10
)

// KeySource says where the master key comes from. The zero value is the data
// folder's own key file, which the first start makes.
type KeySource struct {
	Name string     // what a message calls it: "PICLOUD_SECRET_KEY"
	Key  *SecretKey // given as it is
	File string     // holds it as base64, and is not readable by others
}

func (k KeySource) inFolder() bool { return k.Key == nil && k.File == "" }

// ParseSecretKey reads the base64 of 32 bytes. Its error does not show text.
func ParseSecretKey(text string) (SecretKey, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != len(SecretKey{}) {
		return SecretKey{}, errors.New("must be the base64 of 32 random bytes, such as 'openssl rand -base64 32' prints")
	}
	return SecretKey(raw), nil
}

// unlock finds the master key and sees that it is the one that the database
// was sealed with. Nothing is written when it is not.
func (s *Store) unlock(ctx context.Context) error {
	r, err := s.writer.connection.one(ctx, "SELECT sealed_key, key_id FROM instance")
	if err != nil {
		return err
	}
	if r.blob(0) == nil {
		return s.lockFirst(ctx)
	}
	keys, err := s.masterKeys()
	if errors.Is(err, fs.ErrNotExist) && s.config.SecretKey.inFolder() {
		return s.lockAnew(ctx, r.text(1))
	}
	if err != nil {
		return err
	}
	for i, key := range keys {
		answers, err := s.openWith(key, r.blob(0))
		if err == nil {
			return errors.Join(s.hold(key, answers), s.settleRotation(i == 1))
		}
	}
	return refusal("%s is not the key that this database's secrets are sealed with (its id is %s, theirs %s); nothing was changed: give the right key back (picloud admin rotate-key changes it)",
		s.keyPlace(), keys[0].id(), r.text(1))
}

// masterKeys returns the key, and behind it its successor when a change of the
// key was cut short.
func (s *Store) masterKeys() ([]SecretKey, error) {
	source := s.config.SecretKey
	if source.Key != nil {
		return []SecretKey{*source.Key}, nil
	}
	if source.File != "" {
		// A service manager shows an access list's mask as the group's bits, so
		// only others' count here.
		key, err := readKeyFile(source.File, 0o007)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source.Name, err)
		}
		return []SecretKey{key}, nil
	}
	key, err := readKeyFile(s.keyPath(), 0o077)
	if err != nil {
		return nil, err
	}
	next, err := readKeyFile(s.nextKeyPath(), 0o077)
	if errors.Is(err, fs.ErrNotExist) {
		return []SecretKey{key}, nil
	}
	return []SecretKey{key, next}, err
}

func (s *Store) keyPath() string     { return filepath.Join(s.config.Dir, KeyName) }
func (s *Store) nextKeyPath() string { return filepath.Join(s.config.Dir, nextKeyName) }

// keyPlace names the key in a message.
func (s *Store) keyPlace() string {
	if s.config.SecretKey.inFolder() {
		return s.keyPath()
	}
	return s.config.SecretKey.Name
}

// openWith returns the key of the answers if key is the right master key.
func (s *Store) openWith(key SecretKey, sealed []byte) (answers SecretKey, err error) {
	with, err := newSealer(key)
	if err != nil {
		return answers, err
	}
	opened, err := with.open(sealed, instancePlace(s.instance))
	if err == nil && copy(answers[:], opened) != len(answers) {
		err = errSealed
	}
	return answers, err
}

// hold keeps the keys for the life of the store.
func (s *Store) hold(key, answers SecretKey) (err error) {
	if s.secrets, err = newSealer(key); err != nil {
		return err
	}
	s.answers, err = newSealer(answers)
	return err
}

// lockFirst gives a database that has no sealed key the first one.
func (s *Store) lockFirst(ctx context.Context) error {
	keys, err := s.masterKeys()
	if errors.Is(err, fs.ErrNotExist) && s.config.SecretKey.inFolder() {
		return s.lockAnew(ctx, "")
	}
	if err != nil {
		return err
	}
	return s.sealWith(keys[0])
}

// lockAnew makes a key file where there is none. A database with secrets needs
// the one that is missing; one without may have another.
func (s *Store) lockAnew(ctx context.Context, missing string) error {
	r, err := s.writer.connection.one(ctx, "SELECT count(*) FROM secrets")
	if err != nil {
		return err
	}
	if r.integer(0) > 0 {
		return refusal("%s, the key with the id %s that this database's secrets are sealed with, is missing; nothing was changed: put it back from your copy",
			s.keyPath(), missing)
	}
	key, err := makeKeyFile(s.keyPath())
	if err != nil {
		return err
	}
	s.config.Logger.Warn("made the key that seals secrets; keep a copy of it, apart from the backups of the database: without it the secrets are lost",
		"file", s.keyPath())
	return s.sealWith(key)
}

// sealWith seals a new key for answers with key. What an older one has sealed goes.
func (s *Store) sealWith(key SecretKey) error {
	var answers SecretKey
	if _, err := rand.Read(answers[:]); err != nil {
		return err
	}
	if err := s.hold(key, answers); err != nil {
		return err
	}
	c := s.writer.connection
	if _, err := c.exec("DELETE FROM webhook_answers"); err != nil {
		return err
	}
	_, err := c.exec("UPDATE instance SET sealed_key = ?, key_id = ?", s.secrets.seal(answers[:], instancePlace(s.instance)), key.id())
	return err
}

// readKeyFile reads a key that nobody in the forbidden bits may touch.
func readKeyFile(path string, forbidden fs.FileMode) (SecretKey, error) {
	file, err := os.Open(path)
	if err != nil {
		return SecretKey{}, err
	}
	info, err := file.Stat()
	if err != nil {
		return SecretKey{}, errors.Join(err, file.Close())
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&forbidden != 0 {
		return SecretKey{}, errors.Join(file.Close(), refusal("%s holds the key of all secrets, but others may read it (%s): chmod 600 it, and think about a new key",
			path, info.Mode()))
	}
	content, err := io.ReadAll(io.LimitReader(file, maxKeyFileBytes))
	if err := errors.Join(err, file.Close()); err != nil {
		return SecretKey{}, err
	}
	key, err := ParseSecretKey(string(content))
	if err != nil {
		return key, refusal("%s %v", path, err)
	}
	return key, nil
}

// makeKeyFile writes a new random key and syncs it before anything depends on it.
func makeKeyFile(path string) (key SecretKey, err error) {
	if _, err := rand.Read(key[:]); err != nil {
		return key, err
	}
	return key, writeFile(path, []byte(base64.StdEncoding.EncodeToString(key[:])+"\n"))
}
