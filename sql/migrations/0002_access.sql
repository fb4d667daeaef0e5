-- +goose Up

-- 32 random bytes that outlive a restart; they key the filter of API keys and
-- nothing that protects data.
ALTER TABLE instance ADD COLUMN secret BLOB;

CREATE TABLE app_members (
  app_id  BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role    TEXT NOT NULL,
  PRIMARY KEY (app_id, user_id) -- one user's role in one app; an app's members; the cascade of a deleted app
) STRICT, WITHOUT ROWID;

-- The apps of one user: WHERE user_id = ?, and the cascade of a deleted user.
CREATE INDEX app_members_by_user ON app_members (user_id);

-- Ending a user's sessions: WHERE user_id = ?, and the cascade of a deleted user.
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

-- Who changed what. The number only grows, so the newest are read from the end
-- and the oldest trimmed from the beginning. What an entry names may be gone,
-- so it refers to nothing.
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

-- Sign-ins of today, which repeated ones are counted on: WHERE action = ? AND at >= ?.
CREATE INDEX audit_entries_by_action ON audit_entries (action, at);
