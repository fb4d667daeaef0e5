// Package store keeps everything that PiCloud keeps: types, their rules and
// their SQL, one noun per file, in one SQLite file.
//
// It may import sql (the embedded migrations) and nothing else of PiCloud; no
// other package imports database/sql or an SQLite driver.
//
// Invariant: exactly one goroutine, the writer, changes the database; a write
// that was acknowledged is on the card unless its method says "relaxed".
package store
