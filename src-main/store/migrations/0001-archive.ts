/**
 * The archive. Text columns that repeat are ids of `term`; references are row numbers; times are µs.
 * `blk`, `bix`: which block holds the row's JSON, and its place there. `known` 0: only referred to so far.
 * No index but the id's: questions are answered by the index in memory, and each one here would cost ingest and size
 * (performance.md §1: 42.8k rows/s against 10.0k with twelve).
 */
export const version = 1;

export const sql = `
PRAGMA application_id = 0x54534b53; -- 'TSKS'

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('archive', lower(hex(randomblob(16))));

CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE term (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE task_run (
  rid INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  known INTEGER NOT NULL,
  name TEXT,
  task_key INTEGER,
  flow_run INTEGER,
  state_type INTEGER,
  state_name INTEGER,
  tags INTEGER,
  expected_start_time INTEGER,
  next_scheduled_start_time INTEGER,
  start_time INTEGER,
  end_time INTEGER,
  state_timestamp INTEGER,
  created INTEGER,
  updated INTEGER,
  run_count INTEGER,
  total_run_time REAL,
  gone INTEGER,
  hash INTEGER,
  blk INTEGER,
  bix INTEGER
) STRICT;

CREATE TABLE flow_run (
  rid INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  known INTEGER NOT NULL,
  name TEXT,
  flow INTEGER,
  deployment INTEGER,
  parent_task_run INTEGER,
  state_type INTEGER,
  state_name INTEGER,
  tags INTEGER,
  work_queue_name INTEGER,
  flow_version INTEGER,
  idempotency_key TEXT,
  created_by_id INTEGER,
  created_by_type INTEGER,
  created_by INTEGER,
  expected_start_time INTEGER,
  next_scheduled_start_time INTEGER,
  start_time INTEGER,
  end_time INTEGER,
  created INTEGER,
  updated INTEGER,
  run_count INTEGER,
  total_run_time REAL,
  gone INTEGER,
  hash INTEGER,
  blk INTEGER,
  bix INTEGER
) STRICT;
-- few rows have one; needed to know whether a removed task run is still referred to
CREATE INDEX flow_run_parent ON flow_run (parent_task_run) WHERE parent_task_run IS NOT NULL;

CREATE TABLE flow (
  rid INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  known INTEGER NOT NULL,
  name TEXT,
  tags INTEGER,
  created INTEGER,
  updated INTEGER,
  gone INTEGER,
  hash INTEGER,
  blk INTEGER,
  bix INTEGER
) STRICT;

CREATE TABLE deployment (
  rid INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  known INTEGER NOT NULL,
  name TEXT,
  flow INTEGER,
  tags INTEGER,
  paused INTEGER,
  work_queue_name INTEGER,
  created INTEGER,
  updated INTEGER,
  gone INTEGER,
  hash INTEGER,
  blk INTEGER,
  bix INTEGER
) STRICT;

-- entity: position in contract/fields.ts \`entities\`; rids: the rows as written (rid-list.ts); live: how many of them are still current
CREATE TABLE block (
  blk INTEGER PRIMARY KEY,
  entity INTEGER NOT NULL,
  live INTEGER NOT NULL,
  rids BLOB NOT NULL,
  z BLOB NOT NULL
) STRICT;
CREATE INDEX block_sparse ON block (entity) WHERE live < 7;

-- which rows a commit touched: an index saved some commits ago takes in these instead of reading everything
CREATE TABLE change (batch INTEGER PRIMARY KEY, rids BLOB NOT NULL) STRICT;

-- history and logs of a task run, JSON in a zstd frame
CREATE TABLE activity (id BLOB PRIMARY KEY, fetched INTEGER, z BLOB NOT NULL) STRICT, WITHOUT ROWID;
`;
