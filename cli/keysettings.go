package cli

import (
	"fmt"

	"picloud/store"
)

// keySettings say where the key that seals secrets comes from (spec 5, "Secrets").
func keySettings(s *Settings) []setting {
	return []setting{
		{"PICLOUD_SECRET_KEY", "", "base64 of the 32 bytes that seal secrets", "", secretKey(&s.SecretKey)},
		{"PICLOUD_SECRET_KEY_FILE", "secret-key-file", "file that holds the key that seals secrets, such as a credential of systemd; without either the data folder has one", "", text(&s.SecretKeyFile)},
		{"PICLOUD_DEV_MODE", "dev-mode", "true for trying things out: secrets are sealed with a key that everybody knows", "false", truth(&s.DevMode)},
	}
}

// checkKey refuses two answers to one question.
func (s *Settings) checkKey() error {
	given := 0
	for _, is := range []bool{s.SecretKey != nil, s.SecretKeyFile != "", s.DevMode} {
		if is {
			given++
		}
	}
	if given > 1 {
		return fmt.Errorf("PICLOUD_SECRET_KEY, PICLOUD_SECRET_KEY_FILE and PICLOUD_DEV_MODE exclude each other; set one")
	}
	return nil
}

// devKey seals the secrets of an instance in dev mode. Everybody can read it here.
var devKey = store.SecretKey([]byte("PiCloud in dev mode, not a secret"[:32]))

const devKeyName = "the key of PICLOUD_DEV_MODE"

// keySource is where the master key comes from.
func (s *Settings) keySource() store.KeySource {
	switch {
	case s.DevMode:
		return store.KeySource{Name: devKeyName, Key: &devKey}
	case s.SecretKey != nil:
		return store.KeySource{Name: "PICLOUD_SECRET_KEY", Key: s.SecretKey}
	case s.SecretKeyFile != "":
		return store.KeySource{Name: "PICLOUD_SECRET_KEY_FILE", File: s.SecretKeyFile}
	default:
		return store.KeySource{}
	}
}

func secretKey(target **store.SecretKey) func(string) error {
	return func(value string) error {
		if *target = nil; value == "" {
			return nil
		}
		key, err := store.ParseSecretKey(value)
		*target = &key
		return err
	}
}
