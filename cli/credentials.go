package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
)

// credentials are what login keeps: a token and the instance that it is of.
type credentials struct {
	URL      string `toml:"url"`
	Username string `toml:"username"`
	Token    string `toml:"token"`
}

// credentialsFile is credentials.toml in the user's folder of settings.
func credentialsFile(process Process) (string, error) {
	dir, err := process.ConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for credentials: %w", err)
	}
	return filepath.Join(dir, "picloud", "credentials.toml"), nil
}

// readCredentials returns what login kept; nothing when there is no file, or
// nowhere it could be.
func readCredentials(process Process) (credentials, error) {
	file, err := credentialsFile(process)
	if err != nil {
		return credentials{}, nil //nolint:nilerr // a service without a home has no credentials
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return credentials{}, nil
	}
	if err != nil {
		return credentials{}, fmt.Errorf("read the credentials: %w", err)
	}
	var stored credentials
	if err := toml.NewDecoder(bytes.NewReader(text)).Decode(&stored); err != nil {
		return stored, fmt.Errorf("%s cannot be read (%w); delete it and sign in again", file, err)
	}
	return stored, nil
}

// writeCredentials keeps credentials for this user alone. They take the place
// of the old ones at once, or not at all.
func writeCredentials(process Process, kept credentials) error {
	file, err := credentialsFile(process)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("keep the credentials: %w", err)
	}
	text, err := toml.Marshal(kept)
	if err != nil {
		return fmt.Errorf("keep the credentials: %w", err)
	}
	return replaceFile(file, text, 0o600)
}

// replaceFile writes a file beside the old one and puts it in its place.
func replaceFile(file string, text []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", file, err), os.Remove(temporary.Name()))
	}
	return nil
}

// forgetCredentials deletes what login kept, if anything.
func forgetCredentials(process Process) error {
	file, err := credentialsFile(process)
	if err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the credentials: %w", err)
	}
	return nil
}
