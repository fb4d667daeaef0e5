-- +goose Up

-- A random key, sealed with the master key: opening it shows that the master
-- key is the right one, and what is in it seals the answers below. key_id is a
-- part of a hash of that master key, to say which key is missing.
ALTER TABLE instance ADD COLUMN sealed_key BLOB;
ALTER TABLE instance ADD COLUMN key_id TEXT;

CREATE TABLE secrets (
  app_id     BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  sealed     BLOB NOT NULL, -- format, nonce, ciphertext and tag
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (app_id, name) -- one secret; the cascade of a deleted app
) STRICT;

-- What a request must pass before a route's script runs: a JSON object, NULL
-- for a route without guards.
ALTER TABLE routes ADD COLUMN guards TEXT;

-- The ids that webhook.once has seen.
CREATE TABLE webhook_ids (
  app_id     BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  id_hash    BLOB NOT NULL, -- 16 bytes of the id's SHA-256
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (app_id, id_hash)
) STRICT, WITHOUT ROWID;

-- What has expired, and an app's oldest: WHERE app_id = ? AND expires_at <= ?.
CREATE INDEX webhook_ids_by_expiry ON webhook_ids (app_id, expires_at);

-- The first answers of routes with dedupe, given again to a repeat.
CREATE TABLE webhook_answers (
  number     INTEGER PRIMARY KEY,
  route_id   BLOB NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
  id_hash    BLOB NOT NULL, -- 16 bytes of the id's SHA-256
  expires_at INTEGER NOT NULL,
  sealed     BLOB NOT NULL, -- status, headers and body, which may hold a secret
  UNIQUE (route_id, id_hash)
) STRICT;

-- What has expired, and a route's oldest: WHERE route_id = ? AND expires_at <= ?.
CREATE INDEX webhook_answers_by_expiry ON webhook_answers (route_id, expires_at);
