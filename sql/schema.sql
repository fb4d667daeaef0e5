-- The schema after the newest migration; go test ./store -run TestSchemaPicture -update rewrites it.

CREATE TABLE abandoned_executions (
  key          INTEGER PRIMARY KEY,
  rest         INTEGER NOT NULL,
  app_id       BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  script_id    BLOB NOT NULL,
  request_id   TEXT NOT NULL,
  method       TEXT NOT NULL,
  path         TEXT NOT NULL,
  status_code  INTEGER NOT NULL,
  duration_ms  REAL NOT NULL,
  abandoned_at INTEGER NOT NULL
) STRICT;

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
, sandbox_lifted INTEGER NOT NULL DEFAULT 0) STRICT;

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

CREATE TABLE collections (
  number INTEGER PRIMARY KEY,
  app_id BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  kind   TEXT NOT NULL,    -- kv or docs
  name   TEXT NOT NULL,
  floor  INTEGER NOT NULL, -- the highest version that was deleted: new entries go on from it
  UNIQUE (app_id, kind, name) -- finding one, listing an app's, and the cascade
) STRICT;

CREATE TABLE dead_letters (
  key         INTEGER PRIMARY KEY, -- as in outbox
  rest        INTEGER NOT NULL,
  app_id      BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  trigger_id  BLOB,
  script_id   BLOB NOT NULL,
  event_id    BLOB NOT NULL,
  kind        TEXT NOT NULL,
  depth       INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  state       TEXT NOT NULL,
  note        TEXT NOT NULL,
  error       TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  attempts    TEXT NOT NULL,
  event       BLOB NOT NULL,
  body        BLOB
) STRICT;

CREATE TABLE document_indexes (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  field      TEXT NOT NULL,
  name       TEXT NOT NULL,
  PRIMARY KEY (collection, field) -- listing a collection's, and the cascade
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  id         ANY NOT NULL,
  rev        INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       BLOB NOT NULL, -- JSONB: a fifth smaller than text, and a query reads a field five times as fast
  UNIQUE (collection, id) -- reading one, every query that no declared index serves, and the cascade
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

CREATE TABLE grants (
  id         BLOB PRIMARY KEY,
  script_id  BLOB NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
  host       TEXT NOT NULL, -- an address, a network or a name
  port       INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (script_id, host, port) -- one grant for one destination; the cascade of a deleted script
) STRICT, WITHOUT ROWID;

CREATE TABLE instance (
  id         BLOB PRIMARY KEY,
  created_at INTEGER NOT NULL
, secret BLOB, sealed_key BLOB, key_id TEXT) STRICT, WITHOUT ROWID;

CREATE TABLE kv_entries (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  key        TEXT NOT NULL,
  version    INTEGER NOT NULL,
  expires_at INTEGER,
  updated_at INTEGER NOT NULL,
  value      BLOB NOT NULL, -- JSON text; last, so that nothing else lies behind its overflow pages
  UNIQUE (collection, key) -- reading one, listing by prefix, and the cascade
) STRICT;

CREATE TABLE outbox (
  key         INTEGER PRIMARY KEY,
  rest        INTEGER NOT NULL,
  app_id      BLOB NOT NULL,
  trigger_id  BLOB,             -- NULL for a request of an asynchronous route
  script_id   BLOB NOT NULL,
  event_id    BLOB NOT NULL,
  kind        TEXT NOT NULL,
  depth       INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  due_at      INTEGER,          -- NULL: at once, whatever the clock says
  wait_ms     INTEGER NOT NULL, -- how long it was to wait when due_at was set
  failures    INTEGER NOT NULL,
  crashes     INTEGER NOT NULL,
  bytes       INTEGER NOT NULL, -- of event and body
  attempts    TEXT,             -- a JSON array of {at, error, execution_id}
  event       BLOB NOT NULL,    -- the kind's own fields, a JSON object
  body        BLOB              -- of a request
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

CREATE TABLE topic_dedupe (
  app_id   BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  hash     BLOB NOT NULL, -- the first 16 bytes of SHA-256 of topic, NUL, key
  event_id BLOB NOT NULL,
  seen_at  INTEGER NOT NULL,
  PRIMARY KEY (app_id, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE triggers (
  id            BLOB PRIMARY KEY,
  app_id        BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  script_id     BLOB NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
  registered_by BLOB NOT NULL, -- the user it runs as; may be gone
  kind          TEXT NOT NULL,
  name          TEXT NOT NULL,
  enabled       INTEGER NOT NULL,
  ordered       INTEGER NOT NULL,
  max_attempts  INTEGER NOT NULL,
  backoff       TEXT NOT NULL,
  base_ms       INTEGER NOT NULL,
  max_ms        INTEGER NOT NULL,
  rule          TEXT NOT NULL, -- the kind's own object, in JSON
  next_at       INTEGER,       -- cron: the slot that fires next
  last_fired_at INTEGER,
  loops_stopped INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  UNIQUE (app_id, name) -- and the cascade of a deleted app
) STRICT;

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

CREATE INDEX abandoned_executions_by_app ON abandoned_executions (app_id, key);

CREATE INDEX app_members_by_user ON app_members (user_id);

CREATE INDEX audit_entries_by_action ON audit_entries (action, at);

CREATE INDEX dead_letters_by_app ON dead_letters (app_id, key, bytes);

CREATE INDEX kv_entries_expiry ON kv_entries (expires_at) WHERE expires_at IS NOT NULL;

CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE INDEX webhook_answers_by_expiry ON webhook_answers (route_id, expires_at);

CREATE INDEX webhook_ids_by_expiry ON webhook_ids (app_id, expires_at);
