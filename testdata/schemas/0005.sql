-- A database of schema 5; go test ./store -run TestUpgrade -update makes those that are missing.
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE instance (
  id         BLOB PRIMARY KEY,
  created_at INTEGER NOT NULL
, secret BLOB) STRICT, WITHOUT ROWID;
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
, sandbox_lifted INTEGER NOT NULL DEFAULT 0) STRICT;
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
CREATE TABLE execution_batches (
  id        INTEGER PRIMARY KEY,
  first_key INTEGER NOT NULL,
  last_key  INTEGER NOT NULL,
  records   INTEGER NOT NULL,
  data      BLOB NOT NULL
) STRICT;
CREATE TABLE app_members (
  app_id  BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role    TEXT NOT NULL,
  PRIMARY KEY (app_id, user_id) -- one user's role in one app; an app's members; the cascade of a deleted app
) STRICT, WITHOUT ROWID;
CREATE INDEX app_members_by_user ON app_members (user_id);
CREATE INDEX sessions_by_user ON sessions (user_id);
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
CREATE INDEX audit_entries_by_action ON audit_entries (action, at);
CREATE TABLE collections (
  number INTEGER PRIMARY KEY,
  app_id BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  kind   TEXT NOT NULL,    -- kv or docs
  name   TEXT NOT NULL,
  floor  INTEGER NOT NULL, -- the highest version that was deleted: new entries go on from it
  UNIQUE (app_id, kind, name) -- finding one, listing an app's, and the cascade
) STRICT;
CREATE TABLE kv_entries (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  key        TEXT NOT NULL,
  version    INTEGER NOT NULL,
  expires_at INTEGER,
  updated_at INTEGER NOT NULL,
  value      BLOB NOT NULL, -- JSON text; last, so that nothing else lies behind its overflow pages
  UNIQUE (collection, key) -- reading one, listing by prefix, and the cascade
) STRICT;
CREATE INDEX kv_entries_expiry ON kv_entries (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE documents (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  id         ANY NOT NULL,
  rev        INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       BLOB NOT NULL, -- JSONB: a fifth smaller than text, and a query reads a field five times as fast
  UNIQUE (collection, id) -- reading one, every query that no declared index serves, and the cascade
) STRICT;
CREATE TABLE document_indexes (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  field      TEXT NOT NULL,
  name       TEXT NOT NULL,
  PRIMARY KEY (collection, field) -- listing a collection's, and the cascade
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
CREATE TABLE topic_dedupe (
  app_id   BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  hash     BLOB NOT NULL, -- the first 16 bytes of SHA-256 of topic, NUL, key
  event_id BLOB NOT NULL,
  seen_at  INTEGER NOT NULL,
  PRIMARY KEY (app_id, hash)
) STRICT, WITHOUT ROWID;
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
CREATE INDEX dead_letters_by_app ON dead_letters (app_id, key, bytes);
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
CREATE INDEX abandoned_executions_by_app ON abandoned_executions (app_id, key);
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-26 14:57:54');
INSERT INTO goose_db_version VALUES (2, 1, 1, '2026-11-26 14:57:54');
INSERT INTO goose_db_version VALUES (3, 2, 1, '2026-11-26 14:57:54');
INSERT INTO goose_db_version VALUES (4, 3, 1, '2026-11-26 14:57:54');
INSERT INTO goose_db_version VALUES (5, 4, 1, '2026-11-26 14:57:54');
INSERT INTO goose_db_version VALUES (6, 5, 1, '2026-11-26 14:57:54');
INSERT INTO instance VALUES (X'6F1F7C525C3E4F0E8A550B6F3A2F9D11', 1767225600000, NULL);
INSERT INTO users VALUES (X'019B77E0000070008000000000000001', 'ada', 'owner', 1, '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1767225600000, NULL);
INSERT INTO users VALUES (X'019B77E0000070008000000000000005', 'bob', 'member', 1, '', 1767225600000, NULL);
INSERT INTO sessions VALUES (X'0000000000000000000000000000000000000000000000000000000000000000', X'019B77E0000070008000000000000001', 1767225600000, 1767312000000);
INSERT INTO apps VALUES (X'019B77E0000070008000000000000002', 'garden', 'Garden', 'What grows', 1767225600000, 1);
INSERT INTO scripts VALUES (X'019B77E0000070008000000000000003', X'019B77E0000070008000000000000002', 'greet', 'endpoint', '', 2, 1, 'open', NULL, NULL, NULL, NULL, NULL, NULL, '[]', 1767225600000, 1767225600000);
INSERT INTO script_versions VALUES (X'019B77E0000070008000000000000003', 1, 0, X'72657475726E2031', '[]', 'ada', 1767225600000);
INSERT INTO script_versions VALUES (X'019B77E0000070008000000000000003', 2, 0, X'72657475726E2032', '[]', 'ada', 1767225600000);
INSERT INTO routes VALUES (X'019B77E0000070008000000000000004', X'019B77E0000070008000000000000003', X'019B77E0000070008000000000000002', 'GET', 'any', '', 'exact', '/greet', 'sync', 1767225600000);
INSERT INTO app_members VALUES (X'019B77E0000070008000000000000002', X'019B77E0000070008000000000000005', 'editor');
INSERT INTO audit_entries VALUES (1, 1767225600000, 1767225600000, 1, 'create_app', NULL, 'ada', NULL, 'app', NULL, 'garden', NULL, '{}', '192.0.2.1', 'r');
INSERT INTO collections VALUES (1, X'019B77E0000070008000000000000002', 'kv', 'sensors', 0);
INSERT INTO collections VALUES (2, X'019B77E0000070008000000000000002', 'docs', 'readings', 0);
INSERT INTO kv_entries VALUES (1, 'hall', 3, NULL, 1767225600000, X'7B2274223A32317D');
INSERT INTO documents VALUES (2, 'first', 1, 1767225600000, 1767225600000, X'5C1774233231');
INSERT INTO triggers VALUES (X'019B77E0000070008000000000000006', X'019B77E0000070008000000000000002', X'019B77E0000070008000000000000003', X'019B77E0000070008000000000000001', 'kv', 'warm', 1, 0, 3, 'exponential', 1000, 60000, '{"collection":"sensors"}', NULL, NULL, 0, 1767225600000);
INSERT INTO outbox VALUES (1000, 1, X'019B77E0000070008000000000000002', X'019B77E0000070008000000000000006', X'019B77E0000070008000000000000003', X'019B77E0000070008000000000000007', 'kv', 1, 1767225600000, NULL, 0, 0, 0, 2, NULL, X'7B7D', NULL);
INSERT INTO dead_letters VALUES (999, 1, X'019B77E0000070008000000000000002', NULL, X'019B77E0000070008000000000000003', X'019B77E0000070008000000000000008', 'kv', 1, 1767225600000, 2, 'open', '', 'no', 1767225600000, '[]', X'7B7D', NULL);
