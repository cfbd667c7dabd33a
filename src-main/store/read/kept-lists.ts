/** Lists of what is kept of all runs together: log lines, artifacts, and the states of one run. For the local API and the flow run view. */
import type { Database, Statement } from 'better-sqlite3';
import type { Artifact, LogLine, StateHistory } from '../../contract/run.ts';
import { uuidBytes, uuidText } from '../uuid.ts';

/** Bounds are inclusive. */
type Range = { from?: number | null | undefined; to?: number | null | undefined };
/** One criterion of lines; `timestamp` in µs. `words`, at least one, are looked for in the message and the logger's name. */
export type LineClause =
  | { column: 'level' | 'timestamp'; range: Range }
  | { taskRuns: readonly string[] }
  | { flowRuns: readonly string[] }
  /** of no task run */
  | 'flow_runs_own'
  | { words: readonly string[]; has: 'any' | 'all' | 'none' }
  | boolean;

export type LineQuery = {
  clauses: readonly LineClause[];
  /** one clause is enough, instead of all */
  any: boolean;
  newestFirst: boolean;
  offset: number;
  limit: number;
  /** texts are compared without regard to case: of all letters, or of A to Z only */
  foldsUnicode: boolean;
};
/** `flow_run_id`: null when the task run has none, or the archive does not know it. `task_run_id`: null when the flow itself has written it. */
export type KeptLine = LogLine & { task_run_id: string | null; flow_run_id: string | null };

export type KeptArtifact = Pick<Artifact, 'id' | 'key' | 'type' | 'created' | 'updated'> & {
  /** where its data stand */
  rid: number;
  task_run_id: string;
};
export type ArtifactData = Pick<Artifact, 'description' | 'data' | 'truncated'>;

type Cell = Uint8Array | string | number | null;
const id = (cell: Cell): string => (cell instanceof Uint8Array ? uuidText(cell) : String(cell));

const fromRuns = `activity AS a LEFT JOIN task_run AS t ON t.id = a.run LEFT JOIN flow_run AS own ON own.id = a.run
  LEFT JOIN flow_run AS f ON f.rid = coalesce(t.flow_run, own.rid)`;
const lineColumns = `l.id, l.timestamp, l.level, (SELECT text FROM term WHERE id = l.name), l.message,
  CASE WHEN own.id IS NULL THEN a.run END, f.id`;

export class KeptLists {
  readonly #db: Database;
  readonly #activityOf: Statement;
  readonly #flowRuns: Statement;
  readonly #states: Statement;
  readonly #spans: Statement;
  readonly #artifacts: Statement;
  readonly #data: Statement;

  constructor(db: Database) {
    this.#db = db;
    db.function('fold_unicode', { deterministic: true }, (text) => String(text).toLowerCase());
    this.#activityOf = db.prepare('SELECT rid FROM activity WHERE run = ?').pluck();
    this.#flowRuns = db.prepare(`SELECT a.rid, f.id FROM ${fromRuns} WHERE f.id IS NOT NULL`).raw();
    const term = (name: string) => `(SELECT text FROM term WHERE id = ${name})`;
    this.#states = db
      .prepare(
        `SELECT s.id, ${term('s.type')}, ${term('s.name')}, s.timestamp, s.message
         FROM kept_state AS s JOIN activity AS a ON a.rid = s.activity WHERE a.run = ? ORDER BY s.timestamp, s.rid`,
      )
      .raw();
    this.#spans = db.prepare(
      `SELECT ${term('s.type')} AS type, ${term('s.name')} AS name, min(s.timestamp) AS first, max(s.timestamp) AS last
       FROM kept_state AS s GROUP BY s.type, s.name`,
    );
    this.#artifacts = db
      .prepare(
        `SELECT k.rid, k.id, k.key, ${term('k.type')}, k.created, k.updated, a.run
         FROM kept_artifact AS k JOIN activity AS a ON a.rid = k.activity`,
      )
      .raw();
    this.#data = db.prepare('SELECT description, data, truncated FROM kept_artifact WHERE rid = ?').raw();
  }

  /** By time, lines of one time by id. */
  lines(query: LineQuery): KeptLine[] {
    const params: (string | number)[] = [];
    const clauses = query.clauses.map((clause) => `(${this.#sql(clause, query.foldsUnicode, params)})`);
    const where = clauses.length === 0 ? '1' : clauses.join(query.any ? ' OR ' : ' AND ');
    const dir = query.newestFirst ? 'DESC' : 'ASC';
    const rows = this.#db
      .prepare(
        `SELECT ${lineColumns} FROM kept_log AS l JOIN ${fromRuns.replace('LEFT', 'ON a.rid = l.activity LEFT')}
         WHERE ${where} ORDER BY l.timestamp ${dir}, l.id ${dir} LIMIT ? OFFSET ?`,
      )
      .raw()
      .all(...params, query.limit, query.offset) as [Cell, number, number, string, string, Cell, Cell][];
    return rows.map(([lineId, timestamp, level, name, message, run, flowRun]) => ({
      id: id(lineId),
      timestamp,
      level,
      name,
      message,
      task_run_id: run === null ? null : id(run),
      flow_run_id: flowRun === null ? null : id(flowRun),
    }));
  }

  #sql(clause: LineClause, foldsUnicode: boolean, params: (string | number)[]): string {
    if (typeof clause === 'boolean') return clause ? '1' : '0';
    if (clause === 'flow_runs_own') return 'own.id IS NOT NULL';
    if ('column' in clause) {
      const bounds = [
        [clause.range.from, '>='],
        [clause.range.to, '<='],
      ] as const;
      const set = bounds.filter(([bound]) => bound !== null && bound !== undefined);
      params.push(...set.map(([bound]) => bound as number));
      return set.length === 0 ? '1' : set.map(([, order]) => `l.${clause.column} ${order} ?`).join(' AND ');
    }
    if ('words' in clause) {
      const { words, has } = clause;
      const text = "l.message || ' ' || (SELECT text FROM term WHERE id = l.name)";
      const one = `instr(${foldsUnicode ? 'fold_unicode' : 'lower'}(${text}), ?) > 0`;
      params.push(...words.map((word) => word.toLowerCase()));
      const found = words.map(() => one).join(has === 'all' ? ' AND ' : ' OR ');
      return has === 'none' ? `NOT (${found})` : found;
    }
    const activities =
      'taskRuns' in clause ? this.#activitiesOf(clause.taskRuns) : this.#activitiesIn(new Set(clause.flowRuns));
    params.push(JSON.stringify(activities));
    return 'l.activity IN (SELECT value FROM json_each(?))';
  }

  #activitiesOf(taskRuns: readonly string[]): number[] {
    return taskRuns.flatMap((run) => {
      const rid = this.#activityOf.get(uuidBytes(run)) as number | undefined;
      return rid === undefined ? [] : [rid];
    });
  }

  #activitiesIn(flowRuns: ReadonlySet<string>): number[] {
    const all = this.#flowRuns.all() as [number, Uint8Array][];
    return all.filter(([, flowRun]) => flowRuns.has(uuidText(flowRun))).map(([rid]) => rid);
  }

  /** By time. [] when none is kept. */
  states(run: string): StateHistory {
    const rows = this.#states.all(uuidBytes(run)) as [Cell, string, string, number, string | null][];
    return rows.map(([stateId, type, name, timestamp, message]) => ({
      id: id(stateId),
      type,
      name,
      timestamp,
      message,
    }));
  }

  /** Every type and name of the kept states, with the first and the last time, µs. */
  stateSpans(): { type: string; name: string; first: number; last: number }[] {
    return this.#spans.all() as { type: string; name: string; first: number; last: number }[];
  }

  /** All of them, in no order, without their data. */
  artifacts(): KeptArtifact[] {
    const rows = this.#artifacts.all() as [
      number,
      Cell,
      string | null,
      string | null,
      number | null,
      number | null,
      Uint8Array,
    ][];
    return rows.map(([rid, artifactId, key, type, created, updated, run]) => ({
      rid,
      id: id(artifactId),
      key,
      type,
      created,
      updated,
      task_run_id: uuidText(run),
    }));
  }

  /** Of one of `artifacts`. */
  data(rid: number): ArtifactData {
    const [description, data, truncated] = this.#data.get(rid) as [string | null, string, number];
    return { description, data, truncated: truncated === 1 };
  }
}
