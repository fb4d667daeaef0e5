// Package sql holds the database's migrations, and a picture of the schema
// that they lead to.
//
// It imports nothing of PiCloud; only store imports it.
//
// Invariant: a migration that was released is never edited; a change is a new file.
package sql
