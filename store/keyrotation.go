package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// commandRotation is who changes the master key on the box, as the audit has it.
var commandRotation = Actor{Username: "picloud admin rotate-key", Address: "this machine"}

// actionRotateKey has no call of the API.
const actionRotateKey = "rotate_key"

// RotateKey seals all secrets of the data folder config.Dir anew, in one
// transaction, and returns how many there are. config.SecretKey is the key
// until now. No server may use the folder meanwhile: a running one holds the
// old key, and one from its environment could not be changed.
//
// The data folder's own key file is replaced. For a key from elsewhere
// newKeyFile names the file of the new one, which is made if it is not there.
// A crash at any moment leaves one of both keys working.
func RotateKey(ctx context.Context, config Config, newKeyFile string) (resealed int, err error) {
	if config.SecretKey.inFolder() != (newKeyFile == "") {
		return 0, Errorf(KindInvalid, "invalid", "a key that is not the data folder's own needs a file for the new one, and the folder's own needs none")
	}
	if err := mustExist(config.Dir); err != nil {
		return 0, err
	}
	s, err := Open(ctx, config)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	path := newKeyFile
	if path == "" {
		path = s.nextKeyPath()
	}
	key, err := readKeyFile(path, 0o077)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKeyFile(path)
		if err == nil && newKeyFile == "" { // root's would be unreadable for the server
			err = giveToOwner(config.Dir, path)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("the new key: %w", err)
	}
	if resealed, err = s.reseal(WithAudit(ctx, actionRotateKey, commandRotation), key); err != nil {
		return 0, err
	}
	return resealed, s.settleRotation(newKeyFile == "")
}

// settleRotation ends a change of the key file: the successor takes its place
// when the database is sealed with it, and goes when it is not.
func (s *Store) settleRotation(changed bool) error {
	if !changed {
		return removeIfThere(s.nextKeyPath())
	}
	if err := os.Rename(s.nextKeyPath(), s.keyPath()); err != nil {
		return err
	}
	return syncDirectory(s.config.Dir)
}

// reseal seals everything with another master key.
func (s *Store) reseal(ctx context.Context, key SecretKey) (int, error) {
	with, err := newSealer(key)
	if err != nil {
		return 0, err
	}
	return write(ctx, s, true, func(t *transaction) (int, error) {
		secrets, err := collect(t, scanSecret, selectSecrets)
		if err != nil {
			return 0, err
		}
		for _, each := range secrets {
			value, err := s.secrets.open(each.sealed, secretPlace(each.app, each.Name))
			if err != nil {
				return 0, fmt.Errorf("the secret %s: %w", each.Name, err)
			}
			if _, err := t.exec("UPDATE secrets SET sealed = ? WHERE app_id = ? AND name = ?",
				with.seal(value, secretPlace(each.app, each.Name)), each.app, each.Name); err != nil {
				return 0, err
			}
		}
		t.changedCatalog = true
		t.touch(Target{Kind: "instance", ID: &s.instance, Name: "master key"})
		return len(secrets), s.resealInstance(t, with, key)
	})
}

// resealInstance seals the key of the answers anew; what it has sealed stays.
func (s *Store) resealInstance(t *transaction, with sealer, key SecretKey) error {
	r, err := t.first("SELECT sealed_key FROM instance")
	if err != nil {
		return err
	}
	answers, err := s.secrets.open(r.blob(0), instancePlace(s.instance))
	if err != nil {
		return err
	}
	_, err = t.exec("UPDATE instance SET sealed_key = ?, key_id = ?", with.seal(answers, instancePlace(s.instance)), key.id())
	return err
}
