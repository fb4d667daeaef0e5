-- +goose Up

-- What a script may reach in the home network besides the internet.
CREATE TABLE grants (
  id         BLOB PRIMARY KEY,
  script_id  BLOB NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
  host       TEXT NOT NULL, -- an address, a network or a name
  port       INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (script_id, host, port) -- one grant for one destination; the cascade of a deleted script
) STRICT, WITHOUT ROWID;
