/**
 * Finds the runs that an archive is to delete: by age, by size, or because the server no longer has them. Unfinished runs stay, since the
 * next sync would bring them back. A flow run is deleted with the last of its task runs.
 */
import type { Database } from 'better-sqlite3';
import type { Entity } from '../../contract/fields.ts';
import type { Retention, Removal } from '../../contract/sync.ts';
import { storeError } from '../file/errors.ts';
import { ENDED } from './lookup.ts';
import { uuidText } from '../uuid.ts';

const DAY = 86_400_000_000;
/** µs. The cut is a whole hour, as harvests and comparisons are: what is deleted is not read again. */
const HOUR = 3_600_000_000;

type RemovalPlan = { plan: Removal; ids: [Entity, string[]][] };

/** Scans the tables, about 0.3 s at a million rows, with a size bound 0.8 s. `now`: µs. */
export function planRemoval(db: Database, retention: Retention, now: number): RemovalPlan {
  const used = usedBytes(db);
  const rows = count(db, 'SELECT count(*) FROM task_run WHERE known = 1');
  const before = cut(db, retention, now, used, rows);
  const old = before === null ? '0' : `(expected_start_time < ${before} AND state_type IN ${ENDED})`;
  const lost = retention.gone === 'drop' ? 'gone IS NOT NULL' : '0';
  const list = (sql: string) => (db.prepare(sql).pluck().all() as Uint8Array[]).map((id) => uuidText(id));
  const tasks = list(`SELECT id FROM task_run WHERE known = 1 AND (${old} OR ${lost})`);
  const kept = `SELECT flow_run FROM task_run WHERE known = 1 AND flow_run IS NOT NULL AND NOT ifnull(${old} OR ${lost}, 0)`;
  const flowRuns = list(`SELECT id FROM flow_run WHERE known = 1 AND (${lost} OR ${old} AND rid NOT IN (${kept}))`);
  const parents = (['deployment', 'flow'] as const).map((entity): [Entity, string[]] => [
    entity,
    list(`SELECT id FROM ${entity} WHERE known = 1 AND ${lost}`),
  ]);
  return {
    plan: {
      before,
      task_runs: tasks.length,
      flow_runs: flowRuns.length,
      gone:
        retention.gone === 'drop' ? count(db, 'SELECT count(*) FROM task_run WHERE known = 1 AND gone IS NOT NULL') : 0,
      bytes: rows === 0 ? 0 : Math.round((used / rows) * tasks.length),
    },
    // children first, since a parent to which no row refers any more is deleted whole
    ids: [['task_run', tasks], ['flow_run', flowRuns], ...parents],
  };
}

/** The expected start (µs) before which runs are deleted, by the bound that asks for more; null when neither bound asks for any. */
function cut(db: Database, retention: Retention, now: number, used: number, rows: number): number | null {
  const cuts: number[] = [];
  if (retention.max_days !== null) cuts.push(now - retention.max_days * DAY);
  if (retention.max_bytes !== null && used > retention.max_bytes && rows > 0) {
    const excess = Math.min(rows, Math.ceil(((used - retention.max_bytes) / used) * rows));
    const at = db
      .prepare(
        `SELECT expected_start_time FROM task_run WHERE known = 1 AND expected_start_time IS NOT NULL
         ORDER BY expected_start_time LIMIT 1 OFFSET ?`,
      )
      .pluck()
      .get(excess) as number | undefined;
    // `at` is missing when even the newest run is too much; an hour is added, since the cut is rounded down to a whole hour
    cuts.push(at === undefined ? now : at + HOUR);
  }
  if (cuts.length === 0) return null;
  const before = Math.floor(Math.max(...cuts) / HOUR) * HOUR;
  const first = db.prepare(`SELECT min(expected_start_time) FROM task_run WHERE known = 1`).pluck().get() as
    number | null;
  return first !== null && first < before ? before : null;
}

const count = (db: Database, sql: string): number => db.prepare(sql).pluck().get() as number;

/** Bytes in use, without the pages that deletions have freed: they are filled again before the file grows. */
function usedBytes(db: Database): number {
  const pragma = (name: string) => db.pragma(name, { simple: true }) as number;
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
}

/** Share of free pages above which the file is rewritten. That takes about 10 s a gigabyte, and as much room on the disk again meanwhile. */
const LOOSE = 0.25;
const WORTH_IT = 32 * 1024 * 1024;

/** Gives freed space back to the disk when there is much of it; false when it was not worth it or there was no room to do it. */
export function shrink(db: Database): boolean {
  const pragma = (name: string) => db.pragma(name, { simple: true }) as number;
  const free = pragma('freelist_count');
  if (free < pragma('page_count') * LOOSE || free * pragma('page_size') < WORTH_IT) return false;
  try {
    db.exec('VACUUM');
    return true;
  } catch (thrown) {
    if (storeError(thrown, db.name).code === 'ARCHIVE_DAMAGED') throw thrown;
    return false; // there is no room for the copy: later rows fill the free pages
  }
}
