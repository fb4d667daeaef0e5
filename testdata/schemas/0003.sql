-- A database of schema 3; go test ./store -run TestUpgrade -update makes those that are missing.
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
INSERT INTO goose_db_version VALUES (1, 0, 1, '2026-11-26 14:57:54');
INSERT INTO goose_db_version VALUES (2, 1, 1, '2026-11-26 14:57:54');
INSERT INTO goose_db_version VALUES (3, 2, 1, '2026-11-26 14:57:54');
INSERT INTO goose_db_version VALUES (4, 3, 1, '2026-11-26 14:57:54');
INSERT INTO instance VALUES (X'6F1F7C525C3E4F0E8A550B6F3A2F9D11', 1767225600000, NULL);
INSERT INTO users VALUES (X'019B77E0000070008000000000000001', 'ada', 'owner', 1, '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 1767225600000, NULL);
INSERT INTO users VALUES (X'019B77E0000070008000000000000005', 'bob', 'member', 1, '', 1767225600000, NULL);
INSERT INTO sessions VALUES (X'0000000000000000000000000000000000000000000000000000000000000000', X'019B77E0000070008000000000000001', 1767225600000, 1767312000000);
INSERT INTO apps VALUES (X'019B77E0000070008000000000000002', 'garden', 'Garden', 'What grows', 1767225600000);
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
