-- +goose Up

-- 1 when an owner has lifted the sandbox from the pages of this app's scripts.
ALTER TABLE apps ADD COLUMN sandbox_lifted INTEGER NOT NULL DEFAULT 0;
