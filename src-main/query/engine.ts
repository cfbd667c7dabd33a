/** The index over one archive: loaded from a column source, updated by commits, asked questions. It is synchronous, so no answer mixes two versions. */
import { entities, relations, type Entity, type Relation, failureStateTypes } from '../contract/fields.ts';
import { AppError } from '../contract/errors.ts';
import type { About } from '../contract/note.ts';
import type { PrefectFilters } from '../contract/prefect/filter.ts';
import { prefectRules, type PrefectRules } from '../contract/prefect/versions.ts';
import { uuidHex, uuidStart } from '../contract/uuid.ts';
import type {
  Condition,
  Dialect,
  Facet,
  FacetRequest,
  Grouping,
  Groups,
  GroupSort,
  Histogram,
  HistogramRequest,
  SortKey,
} from '../contract/query.ts';
import type { RowColumns } from '../contract/row-columns.ts';
import type { TaskRunRow } from '../contract/run.ts';
import type { Change, ColumnSource } from '../store/columns.ts';
import * as rowSet from './columns/row-set.ts';
import type { RowSet } from './columns/row-set.ts';
import type { Column, RefColumn } from './columns/columns.ts';
import { backReference, Evaluator } from './language/conditions.ts';
import { conjuncts, facet, speaksOnlyOf } from './facets/facets.ts';
import { groups } from './facets/groups.ts';
import { histogram } from './facets/histogram.ts';
import { Permutations } from './order/permutations.ts';
import { prefectCondition, prefectSort } from './language/prefect.ts';
import { beginningWith } from './order/id-order.ts';
import { ResultOrder } from './order/result-order.ts';
import { noNotes, NoteColumns, rowsOf, type NoteSource } from './columns/note-columns.ts';
import { RunRules } from './columns/run-rules.ts';
import { Frozen } from './columns/frozen.ts';
import {
  accessor,
  fieldColumn,
  taskRunReader,
  type FieldColumn,
  type RowReader,
  type Value,
} from './columns/row-values.ts';
import { loadSnapshot, saveSnapshot } from './index-file/snapshot.ts';
import { emptyTables, TableSet } from './columns/table-set.ts';
import type { Tables } from './columns/table.ts';

export type Question = {
  entity?: Entity;
  where: Condition;
  sort: readonly SortKey[];
  /** µs; relative times count from this instant. */
  now: number;
  facets?: readonly FacetRequest[];
  histogram?: HistogramRequest | null;
};

export type Outcome = {
  count: number;
  /** The rows of the moment of the question. */
  readonly mask: RowSet;
  /** All rids in order, of the moment of the question; computed when first read. */
  readonly order: Uint32Array<ArrayBuffer>;
  /** The rids at places [from, to); near the front, the whole order is not computed. */
  slice(from: number, to: number): Uint32Array<ArrayBuffer>;
  /** The place of a rid; null when it is not in the result. */
  position(rid: number): number | null;
  facets: Facet[];
  histogram: Histogram | null;
};

type EngineOptions = {
  dialect: Dialect;
  /** Results of up to this many rows are sorted by themselves instead of read from a kept order. */
  smallResult?: number;
  /** Notes whose rows are found in one step. */
  notesAtOnce?: number;
};

/** Sorting 500 rows takes about 0.5 ms, scanning an order of a million 2 ms. */
const SMALL_RESULT = 500;
/** Notes whose rows are found in one piece: 5 to 8 ms at a million rows. */
const NOTES_AT_ONCE = 1000;

export class Engine {
  readonly #source: ColumnSource;
  readonly #smallResult: number;
  readonly #notesAtOnce: number;
  #dialect: Dialect;
  #rows: TableSet;
  #evaluator!: Evaluator;
  #permutations!: Permutations;
  #reader!: RowReader;
  readonly #frozen = new Set<Frozen>();
  #notes: NoteSource = noNotes;
  #rules!: RunRules;
  #noteColumns!: Record<'task_run' | 'flow_run', NoteColumns>;
  /** The number of the last commit in the index; 0 before any. */
  version = 0;
  /** How often notes have changed. */
  noteChanges = 0;

  constructor(source: ColumnSource, options: EngineOptions) {
    this.#source = source;
    this.#dialect = options.dialect;
    this.#smallResult = options.smallResult ?? SMALL_RESULT;
    this.#notesAtOnce = options.notesAtOnce ?? NOTES_AT_ONCE;
    this.#rows = new TableSet(source);
    this.#wire();
  }

  get #tables(): Tables {
    return this.#rows.tables;
  }

  #wire(): void {
    const tables = this.#tables;
    (this.#permutations as Permutations | undefined)?.dispose();
    this.#permutations = new Permutations(tables, this.#dialect);
    const newest = [{ field: 'expected_start_time', dir: 'desc' }] as const;
    if (tables.task_run.rules.length === 0) {
      const noted = (entity: 'task_run' | 'flow_run') =>
        new NoteColumns(
          tables[entity],
          () => this.#notes,
          (id) => this.ridOf(entity, id),
        );
      this.#noteColumns = { task_run: noted('task_run'), flow_run: noted('flow_run') };
      this.#rules = new RunRules(tables, () => this.#permutations.order('task_run', newest).rows);
      tables.task_run.rules = [this.#rules, this.#noteColumns.task_run];
      tables.flow_run.rules = [this.#noteColumns.flow_run];
    }
    this.#evaluator = new Evaluator(tables, {
      dialect: this.#dialect,
      target: (column: Column) => tables[(column as RefColumn).target],
      ridsOf: ({ entity }, id) => this.#ridsOf(entity, uuidStart(id)),
      search: (table, match, among) => this.#source.search?.(table, match, among) ?? new Uint32Array(0),
      withLogs: (among) => this.#source.withLogs?.(among) ?? new Uint32Array(0),
    });
    this.#reader = taskRunReader(tables, this.#rules, this.#noteColumns);
  }

  #use(rows: TableSet): void {
    this.#rows.dispose();
    this.#rows = rows;
    this.#wire();
  }

  /** Builds the index anew from the source. `batch`: the last commit of the source, read before this call. */
  load(batch = 0): void {
    this.#use(TableSet.load(this.#source));
    this.version = batch;
  }

  /**
   * Writes the index beside `path` and renames it. Questions and commits go on meanwhile; after a commit the result is false and the old
   * file stays. `archive`: the identity of the archive. Throws the file system's errors.
   */
  save(path: string, archive: string): Promise<boolean> {
    const { version } = this;
    const rows = this.#rows;
    const orders = this.#permutations.export();
    const valid = () => this.version === version && this.#rows === rows;
    return saveSnapshot(path, archive, version, rows.tables, orders, valid);
  }

  /**
   * Reads the file that `save` wrote for the same archive, if it is whole and not newer than commit `batch`. Afterwards `version` is the
   * last commit in it, and the caller applies later ones. false: the index is as before, and `load` is needed.
   */
  async restore(path: string, archive: string, batch: number): Promise<boolean> {
    const snapshot = await loadSnapshot(path, archive, () => emptyTables(() => 0));
    if (!snapshot || snapshot.batch > batch) return false;
    this.#use(new TableSet(this.#source, snapshot.tables));
    this.#permutations.adopt(snapshot.orders);
    this.version = snapshot.batch;
    return true;
  }

  /** Takes in the rows of one commit. */
  apply(change: Change): void {
    for (const one of this.#frozen) one.before(change);
    this.#rows.apply(change);
    const { texts = [], removed } = change;
    this.#evaluator.forget(texts === 'all' ? texts : texts.concat(removed.task_run ?? []));
    this.version = change.batch;
  }

  /** Where the notes are; to be called before the first question. */
  setNotes(notes: NoteSource): void {
    this.#notes = notes;
  }

  /**
   * `write` changes notes that are about these. Exports that are being written go on with the notes as they were. Between two steps other
   * questions are answered, from the notes as they were: all rows follow in the last step, from which `write` is called once. Returns the task
   * runs with another note.
   */
  *notesChange(about: readonly About[], write: () => void): Generator<void, number[], undefined> {
    for (;;) {
      const rows = this.#rows;
      const { task_run, flow_run } = this.#noteColumns;
      const [runs, flowRuns] = [task_run.noRows(), flow_run.noRows()];
      for (let from = 0; from < about.length; from += this.#notesAtOnce) {
        if (from > 0) yield;
        const piece = about.slice(from, from + this.#notesAtOnce);
        this.#beforeNotes(task_run.find(piece, runs), flow_run.find(piece, flowRuns));
      }
      yield;
      if (this.#rows !== rows || !task_run.findAgain(runs) || !flow_run.findAgain(flowRuns)) continue;
      this.#beforeNotes(rowsOf(runs), rowsOf(flowRuns)); // for exports that have begun since
      write();
      task_run.changed(runs);
      flow_run.changed(flowRuns);
      this.#evaluator.forget([]);
      this.noteChanges += 1;
      return rowsOf(runs);
    }
  }

  #beforeNotes(runs: number[], flowRuns: number[]): void {
    const change = { batch: this.version, changed: { task_run: runs, flow_run: flowRuns }, removed: {} };
    for (const one of this.#frozen) one.before(change);
  }

  setDialect(dialect: Dialect): void {
    if (dialect === this.#dialect) return;
    this.#dialect = dialect;
    this.#wire();
  }

  get dialect(): Dialect {
    return this.#dialect;
  }

  /** Rows in the archive, without stubs. */
  total(entity: Entity): number {
    return this.#tables[entity].count;
  }

  /** Bytes of typed data: columns, tag lists and the orders built so far. */
  get bytes(): number {
    return entities.reduce((sum, entity) => sum + this.#tables[entity].bytes, this.#permutations.bytes);
  }

  /** The listed rows for which the condition is true. Throws BAD_INPUT for a name or comparison that does not exist. */
  mask(entity: Entity, where: Condition, now: number): RowSet {
    this.#tables.task_run.now = now;
    return this.#evaluator.mask(entity, where, now);
  }

  /** The rows of `mask`, ascending. */
  rows(entity: Entity, where: Condition, now: number): Uint32Array<ArrayBuffer> {
    const mask = this.mask(entity, where, now);
    return rowSet.rowsOf(mask, rowSet.count(mask));
  }

  count(entity: Entity, where: Condition, now: number): number {
    return rowSet.count(this.mask(entity, where, now));
  }

  #select(
    entity: Entity,
    where: Condition,
    sort: readonly SortKey[],
    now: number,
  ): { mask: RowSet; order: ResultOrder } {
    const mask = this.mask(entity, where, now);
    const orders = {
      kept: () => this.#permutations.order(entity, sort),
      compare: () => this.#permutations.compare(entity, sort),
    };
    return { mask, order: new ResultOrder(mask, rowSet.count(mask), orders, this.#smallResult) };
  }

  ask(question: Question): Outcome {
    const { where, sort, now, entity = 'task_run' } = question;
    const { mask, order } = this.#select(entity, where, sort, now);
    const { count } = order;
    return {
      count,
      mask,
      get order() {
        return order.all();
      },
      slice: (from, to) => order.slice(from, to),
      position: (rid) => order.position(rid),
      facets: this.#facets(entity, where, now, question.facets ?? []),
      histogram: question.histogram ? this.#histogram(entity, question.histogram, mask, count, now) : null,
    };
  }

  /**
   * What the same condition answers now beside an earlier outcome: rows that came to it, how many of these failed or crashed, and rows that
   * are no longer in it.
   */
  news(before: Outcome, where: Condition, now: number): { added: number; failed: number; removed: number } {
    const mask = this.mask('task_run', where, now);
    const added = rowSet.andNot(mask, before.mask);
    const failed = this.mask('task_run', { field: 'state_type', in: [...failureStateTypes] }, now);
    return {
      added: rowSet.count(added),
      failed: rowSet.count(rowSet.and(added, failed)),
      removed: rowSet.count(rowSet.andNot(before.mask, mask)),
    };
  }

  /** Each facet is counted without the top-level conjuncts that are only about its own field or about fields lifted with it. */
  #facets(entity: Entity, where: Condition, now: number, requests: readonly FacetRequest[]): Facet[] {
    const parts = conjuncts(where);
    return requests.map((request) => {
      const own = new Set([request.field, ...(request.lift ?? [])]);
      const kept = parts.filter((part) => !speaksOnlyOf(part, own));
      const lifted: Condition = kept.length === parts.length ? where : { and: kept };
      const mask = this.mask(entity, lifted, now);
      return facet(this.#tables, entity, request, mask, rowSet.count(mask), now);
    });
  }

  #histogram(entity: Entity, request: HistogramRequest, mask: RowSet, count: number, now: number): Histogram {
    const inOrder = () => this.#permutations.either(entity, request.field);
    return histogram(this.#tables[entity], entity, request, mask, count, now, inOrder);
  }

  /** The groups at places [from, to) of the task runs for which the condition is true. Throws BAD_INPUT for a field that cannot be grouped by. */
  groups(
    where: Condition,
    grouping: Grouping,
    page: { sort: GroupSort; from: number; to: number },
    now: number,
  ): Groups {
    const mask = this.mask('task_run', where, now);
    const ended: Condition = { and: [where, { field: 'duration', isNull: false }] };
    const byDuration = this.#select('task_run', ended, [{ field: 'duration', dir: 'asc' }], now);
    const rows = byDuration.order.among();
    return groups(this.#tables, grouping, page, mask, { rows, mask: byDuration.mask });
  }

  /**
   * One page of Prefect's list endpoints, as a server with these rules gives it at the moment `now`, µs. Throws BAD_INPUT for a sort the entity
   * does not have.
   */
  paginate(
    entity: Entity,
    filters: PrefectFilters,
    sort: string,
    offset: number,
    limit: number,
    { rules, now }: { rules: PrefectRules; now: number } = { rules: prefectRules(null), now: 0 },
  ): { count: number; rids: Uint32Array<ArrayBuffer> } {
    const { order } = this.#select(entity, prefectCondition(entity, filters, rules), prefectSort(entity, sort), now);
    const rids = order.slice(offset, offset + limit);
    order.release();
    return { count: order.count, rids };
  }

  taskRunRow(rid: number): TaskRunRow {
    return this.#reader.row(rid);
  }

  /** The same of several rows, as they cross threads. */
  taskRunColumns(rids: ArrayLike<number>): RowColumns {
    return this.#reader.columns(rids);
  }

  /** Whether these task runs took longer than the p95 of their tasks, in the order of `ids`; null where that is not known. */
  overP95(ids: readonly string[]): (boolean | null)[] {
    return this.#rules.overP95(ids.map((id) => this.ridOf('task_run', id) ?? 0));
  }

  /** Reads a field of any row by path; null (tags: []) where there is no value. What grows with the clock is as of the last question. Throws BAD_INPUT for an unknown path. */
  accessor(path: string, entity: Entity = 'task_run'): (rid: number) => Value {
    return accessor(this.#tables, entity, path);
  }

  /** The arrays that a field of task runs is read from, for many rows at once. Throws BAD_INPUT for an unknown path. */
  column(path: string): FieldColumn {
    return fieldColumn(this.#tables, 'task_run', path);
  }

  /** These fields as they are now, until `thaw`. Meanwhile the index must not be loaded anew. Throws BAD_INPUT for an unknown path. */
  freeze(paths: readonly string[]): Frozen {
    const frozen = new Frozen(this.#tables, paths);
    this.#frozen.add(frozen);
    return frozen;
  }

  thaw(frozen: Frozen): void {
    this.#frozen.delete(frozen);
  }

  /** The rid of an id in any spelling, of stubs too; null when the archive has no row with the id. */
  ridOf(entity: Entity, id: string): number | null {
    const [rid] = this.#ridsOf(entity, uuidHex(id));
    return rid ?? null;
  }

  #ridsOf(entity: Entity, hex: string | null): Uint32Array {
    return hex === null
      ? new Uint32Array(0)
      : beginningWith(this.#tables[entity], this.#permutations.byId(entity), hex);
  }

  idOf(entity: Entity, rid: number): string {
    return this.#tables[entity].ids.text(rid);
  }

  /** False for stubs and for rows that were removed. */
  isListed(entity: Entity, rid: number): boolean {
    const table = this.#tables[entity];
    return rid < table.size && rowSet.has(table.alive, rid);
  }

  /** How many listed task runs each of these flow runs has: from counts that are kept, whatever the number of flow runs. */
  taskRunCounts(flowRuns: Uint32Array): Uint32Array {
    const runs = this.#tables.task_run;
    const column = runs.columns.get('flow_run') as RefColumn;
    const counts = runs.codeCounts.of(column, runs.listed(), this.#tables.flow_run.size);
    return flowRuns.map((rid) => counts[rid]);
  }

  /** The listed rows that a relation leads to, ascending by rid. Throws BAD_INPUT for an unknown relation. */
  related(entity: Entity, rid: number, name: string): number[] {
    const known: Record<string, Relation> = relations[entity];
    const relation = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!relation) throw new AppError('BAD_INPUT', `${entity} has no relation ${name}`, { field: name });
    if (relation.kind === 'one') {
      const to = (this.#tables[entity].columns.get(name) as RefColumn).codes[rid];
      return to !== 0 && this.isListed(relation.to, to) ? [to] : [];
    }
    const { codes } = this.#tables[relation.to].columns.get(backReference[`${entity}.${name}`]) as RefColumn;
    const found: number[] = [];
    for (let i = codes.indexOf(rid); i >= 0; i = codes.indexOf(rid, i + 1)) {
      if (this.isListed(relation.to, i)) found.push(i);
    }
    return found;
  }
}
