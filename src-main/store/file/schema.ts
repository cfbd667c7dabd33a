/**
 * The tables of an archive. Those of the rows are made from `columns`, so that a new column means no SQL. No table of rows has an index
 * but its id's: the index in memory answers questions, and each index here would cost speed and size (42,800 rows/s
 * written, against 10,000 with twelve indexes).
 */
import { entities, type Entity } from '../../contract/fields.ts';
import { columns } from '../columns.ts';
import { FAILURE_RULE } from '../failure.ts';
import { jsonTable } from '../json/json-table.ts';
import { keptColumns, keptTables, type KeptKind, type KeptTable } from '../kept-columns.ts';
import { viewsSql } from './views.ts';

/** `application_id` of the file: 'TSKS'. */
export const APPLICATION_ID = 0x54534b53;

/** ANY in a STRICT table keeps the value's own type: 16 bytes or text, an integer or a real. */
const sqlTypes: Partial<Record<KeptKind, string>> = {
  uuid: 'BLOB',
  text: 'TEXT',
  real: 'REAL',
  id: 'ANY',
  number: 'ANY',
};
const sqlType = (kind: KeptKind): string => sqlTypes[kind] ?? 'INTEGER';

const constraints: Record<string, string> = { id: ' NOT NULL UNIQUE', known: ' NOT NULL' };

/** `hash`: CRC-32 of the row's text without the numbers that the server computes for every answer; tells whether a row has changed. */
function tableSql(entity: Entity): string {
  const list = Object.entries(columns[entity]).map(
    ([name, kind]) => `  ${name} ${sqlType(kind)}${constraints[name] ?? ''}`,
  );
  return `CREATE TABLE ${entity} (\n${['  rid INTEGER PRIMARY KEY', ...list, '  hash INTEGER'].join(',\n')}\n) STRICT;
CREATE TABLE ${jsonTable(entity)} (rid INTEGER PRIMARY KEY, z BLOB NOT NULL) STRICT;`;
}

function keptSql(table: KeptTable): string {
  const list = Object.entries(keptColumns[table] as Record<string, KeptKind>).map(
    ([name, kind]) => `  ${name} ${sqlType(kind)}`,
  );
  return `CREATE TABLE ${table} (\n${['  rid INTEGER PRIMARY KEY', '  activity INTEGER NOT NULL', ...list].join(',\n')}\n) STRICT;
CREATE INDEX ${table}_activity ON ${table} (activity${table === 'kept_log' ? ', timestamp' : ''});`;
}

/** Everything in an empty file. */
export const schemaSql = `
PRAGMA application_id = ${APPLICATION_ID};

-- about the file itself: its own name, and the rules that made what is derived from the rows
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('archive', lower(hex(randomblob(16)))), ('failure_rule', '${FAILURE_RULE}');

-- what the sync remembers, JSON
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- texts that repeat: other tables hold their ids
CREATE TABLE term (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

${entities.map(tableSql).join('\n\n')}
-- few rows have a parent; needed to know whether a task run that is deleted here is still referred to
CREATE INDEX flow_run_parent ON flow_run (parent_task_run) WHERE parent_task_run IS NOT NULL;

-- what rows' JSON is packed against (json/row-json.ts), by its Adler-32
CREATE TABLE dictionary (adler INTEGER PRIMARY KEY, entity TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
-- the same once more, on pages of its own: without its dictionary every row of an entity would be lost
CREATE TABLE dictionary_copy (adler INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

-- which rows a commit touched: an index file saved some commits ago takes in these instead of reading everything
CREATE TABLE change (batch INTEGER PRIMARY KEY, rids BLOB NOT NULL) STRICT;

-- work pools and work queues, whole; json is NULL when the row was let go and only its id is left
CREATE TABLE document (
  kind TEXT NOT NULL,
  id BLOB NOT NULL,
  name TEXT NOT NULL,
  gone INTEGER,
  json TEXT,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- runs whose states, logs and artifacts were read from the server (write/activities.ts); run is the id of a task run or of a flow run
CREATE TABLE activity (
  rid INTEGER PRIMARY KEY,
  run BLOB NOT NULL UNIQUE,
  stamp INTEGER,
  fetched INTEGER,
  gap TEXT,
  count INTEGER,
  problem TEXT,
  missed TEXT
) STRICT;

${keptTables.map(keptSql).join('\n\n')}

${viewsSql}
`;

/** For a migration: adds a column that `columns` has and the file does not. */
export const addColumnSql = (entity: Entity, name: string): string =>
  `ALTER TABLE ${entity} ADD COLUMN ${name} ${sqlType(columns[entity][name])};`;
