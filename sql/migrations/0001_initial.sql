-- +goose Up

-- One row: which installation this file belongs to. The install marker beside
-- the file carries the same id.
CREATE TABLE instance (
  id         BLOB PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id            BLOB PRIMARY KEY,
  username      TEXT NOT NULL UNIQUE, -- sign-in looks users up by name
  role          TEXT NOT NULL,
  active        INTEGER NOT NULL,
  password_hash TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  last_login_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  token_hash BLOB PRIMARY KEY,
  user_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
  id          BLOB PRIMARY KEY,
  slug        TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE scripts (
  id            BLOB PRIMARY KEY,
  app_id        BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  name          TEXT NOT NULL,
  kind          TEXT NOT NULL,
  description   TEXT NOT NULL,
  version       INTEGER NOT NULL,
  enabled       INTEGER NOT NULL,
  access        TEXT NOT NULL,
  timeout_ms    INTEGER,
  instructions  INTEGER,
  memory_bytes  INTEGER,
  call_depth    INTEGER,
  string_bytes  INTEGER,
  sdk_calls     INTEGER,
  imports       TEXT NOT NULL, -- a JSON array of module names
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  UNIQUE (app_id, name) -- and the cascade of a deleted app
) STRICT;

-- A table with row ids: sources are far longer than the quarter page up to
-- which a clustered key pays.
CREATE TABLE script_versions (
  script_id  BLOB NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
  version    INTEGER NOT NULL,
  deflated   INTEGER NOT NULL, -- 1 when source is a raw deflate stream
  source     BLOB NOT NULL,
  imports    TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (script_id, version) -- reading one version, listing them, the cascade
) STRICT;

CREATE TABLE routes (
  id            BLOB PRIMARY KEY,
  script_id     BLOB NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
  app_id        BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  method        TEXT NOT NULL,
  host_kind     TEXT NOT NULL,
  host          TEXT NOT NULL,
  path_kind     TEXT NOT NULL,
  path          TEXT NOT NULL,
  dispatch_mode TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;

-- Short numbers for the scripts that have executions, so that a log row does
-- not repeat two 16-byte ids.
CREATE TABLE execution_sources (
  number    INTEGER PRIMARY KEY,
  script_id BLOB NOT NULL UNIQUE,
  app_id    BLOB NOT NULL
) STRICT;

-- One narrow row per execution and no index: the newest rows of one script are
-- found by walking back from the end. It holds what executions are looked for
-- by. The key is the first 63 free bits of the execution's UUIDv7.
CREATE TABLE executions (
  key          INTEGER PRIMARY KEY,
  source       INTEGER NOT NULL,
  batch        INTEGER NOT NULL,
  status       INTEGER NOT NULL,
  start_offset INTEGER NOT NULL -- milliseconds from the key's own time
) STRICT;

-- Everything else of the executions of one flush, in one blob. The
-- keys of a batch's rows lie between first_key and last_key.
CREATE TABLE execution_batches (
  id        INTEGER PRIMARY KEY,
  first_key INTEGER NOT NULL,
  last_key  INTEGER NOT NULL,
  records   INTEGER NOT NULL,
  data      BLOB NOT NULL
) STRICT;
