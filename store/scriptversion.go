package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
)

// ScriptVersion is the source of a script as one save left it, whichever field
// was changed; versions are never changed.
type ScriptVersion struct {
	ScriptID  uuid.UUID `json:"script_id"`
	Version   int       `json:"version"`
	Source    string    `json:"source,omitempty"`
	Imports   []string  `json:"imports"`
	CreatedBy string    `json:"created_by"`
	CreatedAt Time      `json:"created_at"`
}

const (
	insertVersionRow = "INSERT INTO script_versions (script_id, version, deflated, source, imports, created_by, created_at)" +
		" VALUES (?, ?, ?, ?, ?, ?, ?)"
	selectVersions = "SELECT version, imports, created_by, created_at FROM script_versions WHERE script_id = ?"
	selectSource   = "SELECT deflated, source FROM script_versions WHERE script_id = ? AND version = ?"
)

// insertVersion stores the script's source as its current version.
func insertVersion(t *transaction, s Script, by string) error {
	imports, err := encodeNames(s.Imports)
	if err != nil {
		return err
	}
	deflated, stored := true, deflate(s.Source)
	if len(stored) >= len(s.Source) {
		deflated, stored = false, []byte(s.Source)
	}
	_, err = t.exec(insertVersionRow, s.ID, s.Version, deflated, stored, imports, by, s.UpdatedAt)
	return err
}

// deflate packs text; source is read rarely and kept for long, so it is worth
// the standard library's default effort.
func deflate(text string) []byte {
	var packed bytes.Buffer
	writer, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	_, err = io.WriteString(writer, text)
	if err = errors.Join(err, writer.Close()); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	return packed.Bytes()
}

// ScriptSource reads one version's source; the runtime's compile cache calls it on a miss.
func (s *Store) ScriptSource(ctx context.Context, id uuid.UUID, version int) (string, error) {
	return readValue(ctx, s, func(t *transaction) (string, error) { return scriptSource(t, id, version) })
}

func scriptSource(t *transaction, id uuid.UUID, version int) (string, error) {
	r, err := t.first(selectSource, id, version)
	if errors.Is(err, errNoRow) {
		return "", noSuch("version of the script")
	}
	if err != nil {
		return "", err
	}
	if r.integer(0) == 0 {
		return string(r.blob(1)), nil
	}
	var source strings.Builder
	if _, err := io.Copy(&source, flate.NewReader(bytes.NewReader(r.blob(1)))); err != nil {
		return "", fmt.Errorf("unpacking the source of script %s version %d: %w", id, version, err)
	}
	return source.String(), nil
}

// ScriptVersions lists the versions, newest first, without source.
func (s *Store) ScriptVersions(ctx context.Context, id uuid.UUID, page PageRequest) (Page[ScriptVersion], error) {
	versions, err := readValue(ctx, s, func(t *transaction) ([]*ScriptVersion, error) {
		if _, err := script(t, id); err != nil {
			return nil, err
		}
		return collect(t, scanVersion(id), selectVersions+" ORDER BY version DESC", id)
	})
	if err != nil {
		return Page[ScriptVersion]{}, err
	}
	return pageOf(s, "versions "+id.String(), page, versions, func(v *ScriptVersion) string {
		return string(binary.BigEndian.AppendUint64(nil, ^uint64(v.Version)))
	})
}

func scanVersion(id uuid.UUID) func(row) (ScriptVersion, error) {
	return func(r row) (ScriptVersion, error) {
		imports, err := decodeNames(r.text(1))
		return ScriptVersion{ScriptID: id, Version: int(r.integer(0)), Imports: imports, CreatedBy: r.text(2), CreatedAt: r.time(3)}, err
	}
}

// ScriptVersion returns one version with its source.
func (s *Store) ScriptVersion(ctx context.Context, id uuid.UUID, version int) (ScriptVersion, error) {
	return readValue(ctx, s, func(t *transaction) (ScriptVersion, error) { return scriptVersion(t, id, version) })
}

func scriptVersion(t *transaction, id uuid.UUID, version int) (ScriptVersion, error) {
	source, err := scriptSource(t, id, version)
	if err != nil {
		return ScriptVersion{}, err
	}
	r, err := t.first(selectVersions+" AND version = ?", id, version)
	if err != nil {
		return ScriptVersion{}, err
	}
	found, err := scanVersion(id)(r)
	found.Source = source
	return found, err
}

// RollbackScript saves the source of an old version as a new version, also
// when it is the present source.
func (s *Store) RollbackScript(ctx context.Context, id uuid.UUID, version int, by string) (Script, error) {
	return write(ctx, s, true, func(t *transaction) (Script, error) {
		wanted, err := scriptVersion(t, id, version)
		if err != nil {
			return Script{}, err
		}
		old, err := script(t, id)
		if err != nil {
			return Script{}, err
		}
		changed := ScriptChange{Source: &wanted.Source, Imports: wanted.Imports}.apply(old)
		return s.saveScript(t, old, changed, by)
	})
}
