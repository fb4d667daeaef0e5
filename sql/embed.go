package sql

import "embed"

// Migrations holds migrations/NNNN_name.sql in goose's format.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Schema is the picture of the schema after the newest migration. It is for
// reading: nothing runs it, and a test of store keeps it true.
//
//go:embed schema.sql
var Schema string
