package web

import (
	"embed"
	"io/fs"
)

// The folder dist holds the output of the Node build, which is not in git; its
// .keep is, so that this package compiles on a fresh clone without Node.
//
//go:embed all:dist placeholder
var embedded embed.FS

// Files returns the admin page's files, index.html at the root. Every other
// file is named relative to it, so any path prefix serves them. Files under
// assets bear a hash of their content in their name; a built file may have
// siblings named .br and .gz, its compressed forms.
func Files() fs.FS {
	return site(embedded)
}

// site chooses the built page, or the placeholder when dist has no index.html.
func site(files fs.FS) fs.FS {
	dir := "dist"
	if _, err := fs.Stat(files, "dist/index.html"); err != nil {
		dir = "placeholder"
	}
	sub, err := fs.Sub(files, dir)
	if err != nil {
		// Unreachable: fs.Sub fails only for a name that is not a valid path.
		panic(err)
	}
	return sub
}
