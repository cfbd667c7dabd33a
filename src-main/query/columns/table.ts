/** All rows of one entity, column by column, and which of them are listed. */
import { fields, type Entity, type FieldInfo } from '../../contract/fields.ts';
import { columnOf, columns, type Cell, type ColumnKind } from '../../store/columns.ts';
import * as rowSet from './row-set.ts';
import type { RowSet } from './row-set.ts';
import { loadColumn, type SourceRow } from './column-load.ts';
import { BooleanColumn, IdColumn, NumberColumn, RefColumn, TagsColumn, TermColumn, TextColumn } from './columns.ts';
import { DifferenceColumn, type Column, type StoredColumn } from './columns.ts';
import type { Terms } from './dictionaries.ts';
import { FirstTimes } from './first-times.ts';
import { Arena } from '../kernels/heap.ts';
import { ALL, NEW, RowLog } from './row-log.ts';
import { CodeCounts } from './code-counts.ts';
import { RUN_TIME, RunTimes } from './run-times.ts';

/** Capacity for a thirty-second more rows, in whole words: at a million rows the next copy is 31,000 rows away, and unused memory stays under 4 bytes a row. */
const withRoom = (rows: number): number => (rows + (rows >>> 5) + 1024 + 31) & ~31;

/** Fields that follow from more than their row: from other rows, or from notes. The column is as of the moment of the question. */
type Rules = { has(field: string): boolean; column(field: string): Column };

export type Tables = Record<Entity, Table>;

export class Table {
  readonly entity: Entity;
  /** One more than the largest rid. */
  size = 1;
  #capacity: number;
  readonly ids: IdColumn;
  /** Stored columns by their name in `columns[entity]`. */
  readonly columns = new Map<string, StoredColumn>();
  /** The column of cell i of a source row (after the rid); null for `id` and `known`, which are not plain columns. */
  readonly #setters: (StoredColumn | null)[] = [];
  readonly #knownAt: number;
  /** Rows with an id: listed rows and stubs. */
  present: RowSet;
  /** Listed rows: those whose fields are known. */
  alive: RowSet;
  count = 0;
  readonly log = new RowLog();
  /** Of the listed rows. */
  readonly codeCounts = new CodeCounts();
  /** Of the listed rows. */
  readonly firstTimes = new FirstTimes();
  /** False while the index is loaded: every row is new then. */
  logging = false;
  /** The memory of the columns. */
  readonly arena = new Arena();
  readonly #computed = new Map<string, DifferenceColumn | NumberColumn>();
  /** null until the run times are asked for. */
  #runTimes: RunTimes | null = null;
  /** µs; the moment of the question, for values that grow with the clock. */
  now = 0;
  /** Of runs: their fields that follow from more than their row. */
  rules: readonly Rules[] = [];
  #aliveShared: RowSet | null = null;

  constructor(entity: Entity, rows: number) {
    this.entity = entity;
    this.#capacity = rows === 0 ? 32 : withRoom(rows + 1);
    this.ids = new IdColumn(this.arena, this.#capacity);
    this.present = new Int32Array(this.#capacity >>> 5);
    this.alive = new Int32Array(this.#capacity >>> 5);
    const names = Object.entries(columns[entity]);
    for (const [name, kind] of names) {
      if (name === 'id' || name === 'known') {
        this.#setters.push(null);
        continue;
      }
      const column = makeColumn(this.arena, kind, this.#capacity);
      this.columns.set(name, column);
      this.#setters.push(column);
    }
    this.columns.set('id', this.ids);
    this.#knownAt = names.findIndex(([name]) => name === 'known') + 1;
  }

  /** Words of a mask over this table. */
  get words(): number {
    return rowSet.wordsFor(this.size);
  }

  get bytes(): number {
    let total = this.present.byteLength + this.alive.byteLength;
    for (const column of this.columns.values()) total += column.bytes;
    for (const column of this.#computed.values()) if (column.kind === 'number') total += column.bytes;
    return total;
  }

  /** The listed rows as a mask that does not change; after a change of the table there is a new one. */
  listed(): RowSet {
    this.#aliveShared ??= this.alive.slice(0, this.words);
    return this.#aliveShared;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Sets what a snapshot kept, before the columns get their arrays. Only for an empty table. */
  adopt(size: number, count: number, capacity: number, present: RowSet, alive: RowSet): void {
    this.size = size;
    this.count = count;
    this.#capacity = capacity;
    this.present = present;
    this.alive = alive;
    for (const column of this.columns.values()) if (column.kind === 'number') column.grow(capacity);
    this.logging = true;
  }

  reserve(rid: number): void {
    if (rid >= this.size) this.size = rid + 1;
    if (rid < this.#capacity) return;
    this.#capacity = withRoom(Math.max(rid + 1, this.#capacity));
    for (const column of this.columns.values()) column.grow(this.#capacity);
    for (const column of this.#computed.values()) if (column.kind === 'number') column.grow(this.#capacity);
    const present = new Int32Array(this.#capacity >>> 5);
    present.set(this.present);
    this.present = present;
    const alive = new Int32Array(this.#capacity >>> 5);
    alive.set(this.alive);
    this.alive = alive;
  }

  /** Adds new rows while the index is loaded: no change is logged and no count updated. */
  load(rows: readonly SourceRow[], terms: Terms): void {
    let last = 0;
    for (const [rid] of rows) if (rid > last) last = rid;
    this.reserve(last);
    for (const row of rows) {
      rowSet.add(this.present, row[0]);
      if (row[this.#knownAt] !== 1) continue;
      rowSet.add(this.alive, row[0]);
      this.count += 1;
    }
    loadColumn(this.ids, rows, 1, terms);
    this.#setters.forEach((column, i) => {
      if (column !== null) loadColumn(column, rows, i + 1, terms);
    });
  }

  /** `row` is [rid, ...cells] in the order of `columns[entity]`. */
  set(row: readonly [number, ...Cell[]], terms: Terms): void {
    const rid = row[0];
    this.reserve(rid);
    const known = row[this.#knownAt] === 1;
    const listed = rowSet.has(this.alive, rid);
    let change = rowSet.has(this.present, rid) ? 0 : NEW;
    rowSet.add(this.present, rid);
    if (known !== listed) {
      this.count += known ? 1 : -1;
      if (known) rowSet.add(this.alive, rid);
      else rowSet.remove(this.alive, rid);
      if (change === 0) change = ALL;
    }
    if (this.ids.set(rid, row[1] as Uint8Array) && change === 0) change = ALL;
    if (listed) this.#uncount(rid);
    for (let i = 0; i < this.#setters.length; i++) {
      const column = this.#setters[i];
      if (column !== null && setCell(column, rid, row[i + 1], terms) && change !== NEW) change |= 1 << i;
    }
    if (known) {
      this.codeCounts.add(rid);
      this.firstTimes.add(rid);
    }
    if (this.logging && change !== 0) this.log.add(rid, change);
  }

  #uncount(rid: number): void {
    this.codeCounts.remove(rid);
    this.firstTimes.remove(rid);
  }

  remove(rid: number): void {
    if (rid >= this.size || !rowSet.has(this.present, rid)) return;
    if (rowSet.has(this.alive, rid)) {
      this.count -= 1;
      this.#uncount(rid);
    }
    rowSet.remove(this.alive, rid);
    rowSet.remove(this.present, rid);
    this.log.add(rid, ALL);
  }

  /** After a batch: updates or drops what is derived from the changed rows. */
  settle(rids: readonly number[]): void {
    this.log.trim();
    this.#aliveShared = null;
    const known = rids.filter((rid) => rid < this.size);
    for (const [name, column] of this.#computed) {
      if (name === RUN_TIME) this.#runTimes?.update(known);
      else if (column.kind === 'number') this.#coalesce(column, known);
    }
  }

  /** The bit of the column in the row log. */
  bitOf(column: StoredColumn): number {
    return 1 << this.#setters.indexOf(column);
  }

  /** The bits of a field in the row log; of a computed field, those of the columns it is computed from. */
  bitsOfField(name: string): number {
    if (name === 'id') return ALL;
    if (this.#rule(name)) return this.bitOf(this.columns.get('state_type') as StoredColumn);
    const column = this.field(name);
    if (name === RUN_TIME)
      return ['total_run_time', 'state_timestamp', 'state_type'].reduce(
        (bits, of) => bits | this.bitOf(this.columns.get(of) as StoredColumn),
        0,
      );
    if (column.kind === 'difference') return this.bitOf(column.from) | this.bitOf(column.to);
    if (this.#computed.has(name))
      return this.bitOf(this.#times('start_time')) | this.bitOf(this.#times('expected_start_time'));
    return this.bitOf(column);
  }

  /** The column of a field of `contract/fields.ts`, stored or computed. Values that grow with the clock are those of the moment `now`. */
  field(name: string): Column {
    const stored = this.columns.get(columnOf(name, (fields[this.entity] as Record<string, FieldInfo>)[name]));
    if (stored) return stored;
    const rule = this.#rule(name);
    if (rule) return rule.column(name);
    let computed = this.#computed.get(name);
    if (!computed) {
      computed = this.#compute(name);
      this.#computed.set(name, computed);
    }
    if (name === RUN_TIME) this.#runTimesAt(this.now);
    return computed;
  }

  /** Rows with another value are logged, so that orders by it move them. */
  #runTimesAt(now: number): void {
    const moved = this.#runTimes?.moveTo(now) ?? [];
    const bit = this.bitOf(this.#times('state_timestamp'));
    for (const rid of moved) this.log.add(rid, bit);
    this.log.trim();
  }

  #rule(name: string): Rules | undefined {
    return this.rules.find((rule) => rule.has(name));
  }

  #times(name: string): NumberColumn {
    return this.columns.get(name) as NumberColumn;
  }

  #compute(name: string): DifferenceColumn | NumberColumn {
    const start = this.#times('start_time');
    if (name === 'duration') return new DifferenceColumn(start, this.#times('end_time'));
    if (name === 'wait') return new DifferenceColumn(this.#times('expected_start_time'), start);
    const column = new NumberColumn(this.arena, this.#capacity);
    const all = new Uint32Array(this.size).map((_, rid) => rid);
    if (name === RUN_TIME) {
      const state = this.columns.get('state_type') as TermColumn;
      const sources = { total: this.#times('total_run_time'), since: this.#times('state_timestamp'), state };
      this.#runTimes = new RunTimes(column, sources, this.now);
      this.#runTimes.update(all);
    } else this.#coalesce(column, all);
    return column;
  }

  /** Computes start_or_expected_time. */
  #coalesce(column: NumberColumn, rids: Iterable<number>): void {
    const [start, expected] = [this.#times('start_time'), this.#times('expected_start_time')];
    for (const rid of rids) {
      const at = start.get(rid);
      column.set(rid, Number.isNaN(at) ? expected.get(rid) : at);
    }
  }
}

function makeColumn(arena: Arena, kind: ColumnKind, capacity: number): StoredColumn {
  switch (kind) {
    case 'time':
    case 'int':
    case 'real':
      return new NumberColumn(arena, capacity);
    case 'term':
      return new TermColumn(arena, capacity);
    case 'tags':
      return new TagsColumn(arena, capacity);
    case 'bool':
      return new BooleanColumn(arena, capacity);
    case 'text':
      return new TextColumn(arena, capacity);
    case 'uuid':
      return new IdColumn(arena, capacity);
    default:
      return new RefColumn(arena, capacity, kind);
  }
}

/** Returns true when the value changed. */
function setCell(column: StoredColumn, rid: number, cell: Cell, terms: Terms): boolean {
  switch (column.kind) {
    case 'number':
      return column.set(rid, cell === null ? NaN : (cell as number));
    case 'term':
      return column.set(rid, cell === null ? 0 : column.dictionary.ofTerm(cell as number, terms));
    case 'tags':
      return setCode(column.codes, rid, cell === null ? 0 : column.dictionary.ofTerm(cell as number, terms));
    case 'boolean':
      return setCode(column.codes, rid, cell === null ? 0 : cell === 0 ? 1 : 2);
    case 'ref':
      return setCode(column.codes, rid, cell === null ? 0 : (cell as number));
    case 'text':
      return column.set(rid, cell as string | null);
    case 'id':
      return column.set(rid, cell as Uint8Array);
  }
}

function setCode(codes: Uint16Array | Uint32Array, rid: number, code: number): boolean {
  if (codes[rid] === code) return false;
  codes[rid] = code;
  return true;
}
