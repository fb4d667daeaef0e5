-- The schema after the newest migration; go test ./store -run TestSchemaPicture -update rewrites it.

CREATE TABLE api_keys (
  id           BLOB PRIMARY KEY,
  user_id      BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name         TEXT NOT NULL,
  prefix       TEXT NOT NULL UNIQUE, -- a call finds its key by it
  body_filter  INTEGER NOT NULL,     -- 32 bits of an HMAC of the body
  body_hash    TEXT NOT NULL,        -- Argon2id of the body
  scopes       TEXT NOT NULL,        -- a JSON array
  app_id       BLOB REFERENCES apps (id) ON DELETE CASCADE,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  last_used_at INTEGER,
  UNIQUE (user_id, name) -- one user's keys; ending them; the cascade of a deleted user
) STRICT, WITHOUT ROWID;

CREATE TABLE app_members (
  app_id  BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role    TEXT NOT NULL,
  PRIMARY KEY (app_id, user_id) -- one user's role in one app; an app's members; the cascade of a deleted app
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
  id          BLOB PRIMARY KEY,
  slug        TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_entries (
  number      INTEGER PRIMARY KEY,
  at          INTEGER NOT NULL,
  last_at     INTEGER NOT NULL,
  times       INTEGER NOT NULL,
  action      TEXT NOT NULL,
  user_id     BLOB,
  username    TEXT NOT NULL,
  key_id      BLOB,
  target_kind TEXT NOT NULL,
  target_id   BLOB,
  target_name TEXT NOT NULL,
  app_id      BLOB,
  details     TEXT NOT NULL, -- a JSON object
  address     TEXT NOT NULL,
  request_id  TEXT NOT NULL
) STRICT;

CREATE TABLE execution_batches (
  id        INTEGER PRIMARY KEY,
  first_key INTEGER NOT NULL,
  last_key  INTEGER NOT NULL,
  records   INTEGER NOT NULL,
  data      BLOB NOT NULL
) STRICT;

CREATE TABLE execution_sources (
  number    INTEGER PRIMARY KEY,
  script_id BLOB NOT NULL UNIQUE,
  app_id    BLOB NOT NULL
) STRICT;

CREATE TABLE executions (
  key          INTEGER PRIMARY KEY,
  source       INTEGER NOT NULL,
  batch        INTEGER NOT NULL,
  status       INTEGER NOT NULL,
  start_offset INTEGER NOT NULL -- milliseconds from the key's own time
) STRICT;

CREATE TABLE instance (
  id         BLOB PRIMARY KEY,
  created_at INTEGER NOT NULL
, secret BLOB, sealed_key BLOB, key_id TEXT) STRICT, WITHOUT ROWID;

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
, guards TEXT) STRICT;

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

CREATE TABLE secrets (
  app_id     BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  sealed     BLOB NOT NULL, -- format, nonce, ciphertext and tag
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (app_id, name) -- one secret; the cascade of a deleted app
) STRICT;

CREATE TABLE sessions (
  token_hash BLOB PRIMARY KEY,
  user_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
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

CREATE TABLE webhook_answers (
  number     INTEGER PRIMARY KEY,
  route_id   BLOB NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
  id_hash    BLOB NOT NULL, -- 16 bytes of the id's SHA-256
  expires_at INTEGER NOT NULL,
  sealed     BLOB NOT NULL, -- status, headers and body, which may hold a secret
  UNIQUE (route_id, id_hash)
) STRICT;

CREATE TABLE webhook_ids (
  app_id     BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  id_hash    BLOB NOT NULL, -- 16 bytes of the id's SHA-256
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (app_id, id_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX app_members_by_user ON app_members (user_id);

CREATE INDEX audit_entries_by_action ON audit_entries (action, at);

CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE INDEX webhook_answers_by_expiry ON webhook_answers (route_id, expires_at);

CREATE INDEX webhook_ids_by_expiry ON webhook_ids (app_id, expires_at);
