package store

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

const (
	sectorBytes = 512  // what a card writes wholly or not at all
	blockBytes  = 4096 // what a worse card may destroy when it is cut in a write inside it
)

// powerModel says what a power cut leaves of what was not synced.
type powerModel struct {
	chance  *rand.Rand
	survive float64 // how likely a write, or a sector of a torn one, is there
	garble  bool    // blocks that were being written may hold anything
}

// image is the content of a folder.
type image map[string][]byte

// afterCut is what the card holds. The file system keeps the order of changes
// of names, so that some first of them are there; of the writes each may.
func (d *disk) afterCut(m powerModel) image {
	made := image{}
	kept := d.changes[:m.chance.IntN(len(d.changes)+1)]
	names := named(d.synced, kept)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		made[name] = m.content(names[name])
	}
	return made
}

func (m powerModel) content(file *diskFile) []byte {
	content := slices.Clone(file.synced)
	for _, call := range file.pending {
		switch {
		case m.chance.IntN(3) == 0 && call.kind == callWrite:
			content = m.tear(content, call)
		case m.chance.Float64() < m.survive:
			content = call.applyTo(content)
		}
	}
	for _, call := range file.pending {
		if m.garble && call.kind == callWrite {
			m.garbleBlocks(content, call)
		}
	}
	return content
}

// tear writes some sectors of a write.
func (m powerModel) tear(content []byte, call fileCall) []byte {
	for from := 0; from < len(call.data); {
		to := min(len(call.data), from+sectorBytes-int(call.offset+int64(from))%sectorBytes)
		if m.chance.Float64() < m.survive {
			content = fileCall{kind: callWrite, offset: call.offset + int64(from), data: call.data[from:to]}.applyTo(content)
		}
		from = to
	}
	return content
}

// garbleBlocks fills some of the blocks that a write touches with anything.
func (m powerModel) garbleBlocks(content []byte, call fileCall) {
	end := min(int(call.offset)+len(call.data), len(content))
	for block := int(call.offset) / blockBytes * blockBytes; block < end; block += blockBytes {
		if m.chance.IntN(4) > 0 {
			continue
		}
		for i := block; i < min(block+blockBytes, len(content)); i++ {
			content[i] = byte(m.chance.Uint32())
		}
	}
}

// write makes the folder's files; zeros become holes, since most of a WAL is.
func (i image) write(dir string) error {
	var errs []error
	for name, content := range i {
		errs = append(errs, writeSparse(filepath.Join(dir, name), content))
	}
	return errors.Join(errs...)
}

func writeSparse(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = file.Truncate(int64(len(content)))
	var zeros [64 << 10]byte
	for at := 0; err == nil && at < len(content); at += len(zeros) {
		part := content[at:min(len(content), at+len(zeros))]
		if !bytes.Equal(part, zeros[:len(part)]) {
			_, err = file.WriteAt(part, int64(at))
		}
	}
	return errors.Join(err, file.Close())
}
