package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"picloud/http/folder"
)

// sourceFolders are where a folder's Lua files lie.
var sourceFolders = []string{"scripts", "modules"}

// folderFile is what the files of an app are called (spec 7). A name from an
// answer is held to it before anything is written.
var folderFile = regexp.MustCompile(`^(app\.toml|(scripts|modules)/[A-Za-z0-9_.-]{1,128}\.lua)$`)

// readFolder reads the files of an app; everything else in the folder is the
// user's own.
func readFolder(dir string) (map[string]string, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, usageError{fmt.Errorf("%s is no folder", dir)}
	}
	files := map[string]string{}
	names := []string{folder.Settings}
	for _, sources := range sourceFolders {
		entries, err := os.ReadDir(filepath.Join(dir, sources))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, entry := range entries {
			if strings.HasSuffix(entry.Name(), ".lua") && isFile(entry) {
				names = append(names, sources+"/"+entry.Name())
			}
		}
	}
	var problems []error
	for _, name := range names {
		text, err := readText(filepath.Join(dir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // there is none, or an editor is just putting another in its place
		}
		problems = append(problems, err)
		files[name] = text
	}
	return files, errors.Join(problems...)
}

// isFile tells a file, or a link that may lead to one, from what can only be
// waited for, such as a pipe.
func isFile(entry fs.DirEntry) bool {
	return entry.Type().IsRegular() || entry.Type() == fs.ModeSymlink
}

// folderApp is the app that a folder is of: --app's, the one that its app.toml
// names, or as for any other command.
func (r *remote) folderApp(flag string, files map[string]string) string {
	if flag != "" {
		return flag
	}
	var settings struct {
		Slug string `toml:"slug"`
	}
	// What is wrong with the file is said, with its place, by the instance.
	if err := toml.NewDecoder(bytes.NewReader([]byte(files[folder.Settings]))).Decode(&settings); err == nil && settings.Slug != "" {
		return settings.Slug
	}
	return r.app("")
}

// fileChange is what pull does to a file.
type fileChange struct {
	Action string `json:"action"` // create, change or delete
	File   string `json:"file"`
}

var fileColumns = []column[fileChange]{
	{"action", func(c *fileChange) string { return c.Action }},
	{"file", func(c *fileChange) string { return c.File }},
}

// fileChanges are the steps from one set of files to another, by name.
func fileChanges(from, to map[string]string) []fileChange {
	changes := []fileChange{}
	all := map[string]bool{}
	for name := range from {
		all[name] = true
	}
	for name := range to {
		all[name] = true
	}
	for _, name := range sortedKeys(all) {
		before, was := from[name]
		after, is := to[name]
		switch {
		case !was:
			changes = append(changes, fileChange{"create", name})
		case !is:
			changes = append(changes, fileChange{"delete", name})
		case before != after && !(name == folder.Settings && sameSettings(before, after)):
			changes = append(changes, fileChange{"change", name})
		}
	}
	return changes
}

// sameSettings reports whether two forms of app.toml say the same: comments, the
// order of routes and triggers and the ways to write a table do not matter, and
// what one of them leaves out of the app's own fields is not asked for.
func sameSettings(a, b string) bool {
	var one, other map[string]any
	if toml.Unmarshal([]byte(a), &one) != nil || toml.Unmarshal([]byte(b), &other) != nil {
		return false
	}
	for _, field := range []string{"slug", "name", "description", "secrets"} {
		if one[field] == nil || other[field] == nil {
			delete(one, field)
			delete(other, field)
		}
	}
	return reflect.DeepEqual(ordered(one), ordered(other))
}

// ordered puts the lists of tables into one order.
func ordered(settings map[string]any) map[string]any {
	for _, field := range []string{"routes", "triggers"} {
		if list, ok := settings[field].([]any); ok {
			// Maps are printed in the order of their keys.
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return settings
}

// writeFolder does the changes that lead to files.
func writeFolder(dir string, files map[string]string, changes []fileChange) error {
	for _, change := range changes {
		file := filepath.Join(dir, filepath.FromSlash(change.File))
		if change.Action == "delete" {
			if err := os.Remove(file); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := replaceFile(file, []byte(files[change.File]), 0o644); err != nil {
			return err
		}
	}
	return nil
}
