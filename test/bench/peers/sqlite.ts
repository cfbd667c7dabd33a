/** SQLite with the rows of the archive, the indexes these questions like, denormalised parents and statistics: what a careful person would build. */
import Sqlite from 'better-sqlite3';
import { archiveOf, kept } from '../archives.ts';
import type { Peer } from './peer.ts';
import { count, page, rest, type Dialect, type Statement } from './sql.ts';

const dialect: Dialect = {
  tagged: 'rid IN (SELECT rid FROM task_tag WHERE tag = ?)',
  tagFacet: (where) =>
    `SELECT tag, count(*) AS n FROM task_tag WHERE rid IN (SELECT rid FROM task_run WHERE ${where}) GROUP BY tag ORDER BY n DESC LIMIT 50`,
  divide: (column, by) => `(${column}) / ${by}`,
};

/** id as text: what a client sends and shows. */
const idText = (column: string) =>
  `lower(substr(hex(${column}),1,8)||'-'||substr(hex(${column}),9,4)||'-'||substr(hex(${column}),13,4)||'-'||substr(hex(${column}),17,4)||'-'||substr(hex(${column}),21))`;

const schema = `
CREATE TABLE task_run (rid INTEGER PRIMARY KEY, id TEXT, name TEXT, task_key TEXT, state_type TEXT, state_name TEXT, tags TEXT,
  flow_run INTEGER, flow INTEGER, deployment INTEGER, expected_start_time INTEGER, start_time INTEGER, end_time INTEGER,
  run_count INTEGER, total_run_time REAL);
CREATE TABLE flow_run (rid INTEGER PRIMARY KEY, id TEXT, name TEXT, flow INTEGER, deployment INTEGER);
CREATE TABLE flow (rid INTEGER PRIMARY KEY, id TEXT, name TEXT);
CREATE TABLE deployment (rid INTEGER PRIMARY KEY, id TEXT, name TEXT);
CREATE TABLE task_tag (tag TEXT, expected_start_time INTEGER, rid INTEGER);
`;
const indexes = `
CREATE UNIQUE INDEX t_id ON task_run (id);
CREATE INDEX t_expected ON task_run (expected_start_time, id);
CREATE INDEX t_state ON task_run (state_type, expected_start_time, id);
CREATE INDEX t_state_name ON task_run (state_name, expected_start_time, id);
CREATE INDEX t_flow ON task_run (flow, state_type, expected_start_time, id);
CREATE INDEX t_deployment ON task_run (deployment, state_type, expected_start_time, id);
CREATE INDEX t_flow_run ON task_run (flow_run, expected_start_time, id);
CREATE INDEX t_start ON task_run (start_time, expected_start_time);
CREATE INDEX t_name ON task_run (name, expected_start_time);
CREATE INDEX t_key ON task_run (task_key);
CREATE INDEX tag_time ON task_tag (tag, expected_start_time, rid);
CREATE INDEX tag_rid ON task_tag (rid, tag);
CREATE UNIQUE INDEX r_id ON flow_run (id);
CREATE UNIQUE INDEX d_id ON deployment (id);
ANALYZE;
`;

/** The file, made once from the archive's own rows. */
export function sqlFile(taskRuns: number): Promise<string> {
  return kept(`sql-${taskRuns}.sqlite`, async (path) => {
    const archive = await archiveOf(taskRuns);
    const db = new Sqlite(path);
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma('cache_size = -262144');
    db.exec(`ATTACH '${archive.replaceAll("'", "''")}' AS a`);
    db.exec(schema);
    const term = (column: string) => `(SELECT text FROM a.term WHERE id = ${column})`;
    db.exec(`
      INSERT INTO flow SELECT rid, ${idText('id')}, name FROM a.flow WHERE known = 1;
      INSERT INTO deployment SELECT rid, ${idText('id')}, name FROM a.deployment WHERE known = 1;
      INSERT INTO flow_run SELECT rid, ${idText('id')}, name, flow, deployment FROM a.flow_run WHERE known = 1;
      INSERT INTO task_run SELECT t.rid, ${idText('t.id')}, t.name, ${term('t.task_key')}, ${term('t.state_type')}, ${term('t.state_name')},
        ${term('t.tags')}, t.flow_run, r.flow, r.deployment, t.expected_start_time, t.start_time, t.end_time, t.run_count, t.total_run_time
        FROM a.task_run t LEFT JOIN a.flow_run r ON r.rid = t.flow_run WHERE t.known = 1;
      INSERT INTO task_tag SELECT DISTINCT j.value, t.expected_start_time, t.rid FROM task_run t, json_each(t.tags) j;
    `);
    db.exec(indexes);
    db.exec('DETACH a');
    db.close();
  });
}

export async function sqlitePeer(taskRuns: number): Promise<Peer> {
  const db = new Sqlite(await sqlFile(taskRuns), { readonly: true });
  db.pragma('cache_size = -262144');
  db.pragma('mmap_size = 2147483648');
  const all = ({ sql, values }: Statement) => db.prepare(sql).all(...values);
  const answer: Peer['page'] = (question) => {
    const rows = all(page(question, dialect)) as { id: string }[];
    const found = count(question, dialect);
    return {
      count: db
        .prepare(found.sql)
        .pluck()
        .get(...found.values) as number,
      ids: rows.map(({ id }) => id),
    };
  };
  return {
    name: 'hand-written SQL',
    page: answer,
    click: async (question) => {
      await answer(question);
      for (const statement of rest(question, dialect)) all(statement);
    },
    close: () => void db.close(),
  };
}
