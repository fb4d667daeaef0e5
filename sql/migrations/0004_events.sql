-- +goose Up

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

-- The queue of deliveries. A row is written once, with the change that caused
-- it, and once more for each failed attempt; done rows are deleted in chunks.
-- No index and no foreign key: it is read whole at a start, then by key. The
-- key is the first 63 free bits of the delivery's UUIDv7, so it grows in the
-- order of the commits; rest is what is left of the id.
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

-- Keys of topics.publish that were seen within a day.
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

-- Listing an app's dead letters, and dropping its oldest past the caps on rows
-- and bytes, for which the index alone is read.
CREATE INDEX dead_letters_by_app ON dead_letters (app_id, key, bytes);

-- Runs that ended after their caller had gone. The id is the execution's.
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

-- Listing an app's abandoned executions, and dropping its oldest past the cap.
CREATE INDEX abandoned_executions_by_app ON abandoned_executions (app_id, key);
