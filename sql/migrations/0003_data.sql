-- +goose Up

-- Short numbers for the collections of an app, so that neither an entry nor its
-- index repeats an app's id and a name.
CREATE TABLE collections (
  number INTEGER PRIMARY KEY,
  app_id BLOB NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  kind   TEXT NOT NULL,    -- kv or docs
  name   TEXT NOT NULL,
  floor  INTEGER NOT NULL, -- the highest version that was deleted: new entries go on from it
  UNIQUE (app_id, kind, name) -- finding one, listing an app's, and the cascade
) STRICT;

-- A table with row ids: a value may be far longer than the quarter page up to
-- which a clustered key pays, and for short ones both cost the same.
CREATE TABLE kv_entries (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  key        TEXT NOT NULL,
  version    INTEGER NOT NULL,
  expires_at INTEGER,
  updated_at INTEGER NOT NULL,
  value      BLOB NOT NULL, -- JSON text; last, so that nothing else lies behind its overflow pages
  UNIQUE (collection, key) -- reading one, listing by prefix, and the cascade
) STRICT;

-- The sweep of expired entries; those without an expiry are not in it.
CREATE INDEX kv_entries_expiry ON kv_entries (expires_at) WHERE expires_at IS NOT NULL;

-- An id that is a UUID is stored as its 16 bytes, any other as text.
CREATE TABLE documents (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  id         ANY NOT NULL,
  rev        INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       BLOB NOT NULL, -- JSONB: a fifth smaller than text, and a query reads a field five times as fast
  UNIQUE (collection, id) -- reading one, every query that no declared index serves, and the cascade
) STRICT;

-- The fields that scripts declared an index on. The index itself is an
-- expression index of this table's row, made and dropped with it.
CREATE TABLE document_indexes (
  collection INTEGER NOT NULL REFERENCES collections (number) ON DELETE CASCADE,
  field      TEXT NOT NULL,
  name       TEXT NOT NULL,
  PRIMARY KEY (collection, field) -- listing a collection's, and the cascade
) STRICT, WITHOUT ROWID;
