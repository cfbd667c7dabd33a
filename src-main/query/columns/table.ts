/** All rows of one entity, column by column, and which of them are there. */
import { fields, type Entity, type FieldInfo } from '../../contract/fields.ts';
import { columnOf, columns, type Cell, type ColumnKind } from '../../store/columns.ts';
import * as bits from './row-set.ts';
import type { Bits } from './row-set.ts';
import { loadColumn, type SourceRow } from './column-load.ts';
import { BooleanColumn, IdColumn, NumberColumn, RefColumn, TagsColumn, TermColumn, TextColumn } from './columns.ts';
import { DifferenceColumn, type Column, type StoredColumn } from './columns.ts';
import type { Terms } from './dictionaries.ts';
import { Firsts } from '../facets/first-times.ts';
import { Arena } from '../kernels/heap.ts';
import { ALL, NEW, RowLog } from './row-log.ts';
import { Tallies } from './code-counts.ts';

/** Room for a thirty-second more: at a million rows the next copy is 31,000 rows away and idle bytes stay under 4 a row. Whole words. */
const withRoom = (rows: number): number => (rows + (rows >>> 5) + 1024 + 31) & ~31;

export class Table {
  readonly entity: Entity;
  /** one more than the largest rid seen */
  size = 1;
  #capacity: number;
  readonly ids: IdColumn;
  /** stored columns by their name in `columns[entity]` */
  readonly columns = new Map<string, StoredColumn>();
  /** cell i of a source row (after the rid) goes to this column; null for id and known, which are not plain columns */
  readonly #setters: (StoredColumn | null)[] = [];
  readonly #knownAt: number;
  /** rows with an id: listed rows and stubs */
  present: Bits;
  /** listed rows: there and known */
  alive: Bits;
  count = 0;
  readonly log = new RowLog();
  /** of the listed rows */
  readonly tallies = new Tallies();
  /** of the listed rows */
  readonly firsts = new Firsts();
  /** off while the index is loaded, when every row is new */
  logging = false;
  /** holds the columns */
  readonly arena = new Arena();
  readonly #computed = new Map<string, DifferenceColumn | NumberColumn>();
  #aliveShared: Bits | null = null;

  constructor(entity: Entity, rows: number) {
    this.entity = entity;
    this.#capacity = rows === 0 ? 32 : withRoom(rows + 1);
    this.ids = new IdColumn(this.arena, this.#capacity);
    this.present = new Int32Array(this.#capacity >>> 5);
    this.alive = new Int32Array(this.#capacity >>> 5);
    const names = Object.entries(columns[entity]) as [string, ColumnKind][];
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

  /** words of a mask over this table */
  get words(): number {
    return bits.wordsFor(this.size);
  }

  get bytes(): number {
    let total = this.present.byteLength + this.alive.byteLength;
    for (const column of this.columns.values()) total += column.bytes;
    for (const column of this.#computed.values()) if (column.kind === 'number') total += column.bytes;
    return total;
  }

  /** The listed rows as a mask that will not change; a new one after every change. */
  listed(): Bits {
    this.#aliveShared ??= this.alive.slice(0, this.words);
    return this.#aliveShared;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Takes over what a snapshot kept, before the columns get their arrays. Only for an empty table. */
  adopt(size: number, count: number, capacity: number, present: Bits, alive: Bits): void {
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

  /** Rows that are new, in a table nobody has asked anything yet: no change is noted. */
  load(rows: readonly SourceRow[], terms: Terms): void {
    let last = 0;
    for (const [rid] of rows) if (rid > last) last = rid;
    this.reserve(last);
    for (const row of rows) {
      bits.add(this.present, row[0]);
      if (row[this.#knownAt] !== 1) continue;
      bits.add(this.alive, row[0]);
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
    const listed = bits.has(this.alive, rid);
    let change = bits.has(this.present, rid) ? 0 : NEW;
    bits.add(this.present, rid);
    if (known !== listed) {
      this.count += known ? 1 : -1;
      if (known) bits.add(this.alive, rid);
      else bits.remove(this.alive, rid);
      if (change === 0) change = ALL;
    }
    if (this.ids.set(rid, row[1] as Uint8Array) && change === 0) change = ALL;
    if (listed) this.#leave(rid);
    for (let i = 0; i < this.#setters.length; i++) {
      const column = this.#setters[i];
      if (column !== null && setCell(column, rid, row[i + 1], terms) && change !== NEW) change |= 1 << i;
    }
    if (known) {
      this.tallies.enter(rid);
      this.firsts.enter(rid);
    }
    if (this.logging && change !== 0) this.log.add(rid, change);
  }

  #leave(rid: number): void {
    this.tallies.leave(rid);
    this.firsts.leave(rid);
  }

  remove(rid: number): void {
    if (rid >= this.size || !bits.has(this.present, rid)) return;
    if (bits.has(this.alive, rid)) {
      this.count -= 1;
      this.#leave(rid);
    }
    bits.remove(this.alive, rid);
    bits.remove(this.present, rid);
    this.log.add(rid, ALL);
  }

  /** After a batch: what was derived from the old rows is brought up to date or dropped. */
  settle(rids: readonly number[]): void {
    this.log.trim();
    this.#aliveShared = null;
    for (const column of this.#computed.values()) if (column.kind === 'number') this.#coalesce(column, rids);
  }

  /** The column's bit in the row log. */
  bitOf(column: StoredColumn): number {
    return 1 << this.#setters.indexOf(column);
  }

  /** The same of a field, of all columns a computed one is made from. */
  bitsOfField(name: string): number {
    if (name === 'id') return ALL;
    const column = this.field(name);
    if (column.kind === 'difference') return this.bitOf(column.from) | this.bitOf(column.to);
    if (this.#computed.has(name))
      return this.bitOf(this.#times('start_time')) | this.bitOf(this.#times('expected_start_time'));
    return this.bitOf(column);
  }

  /** The column of a field of the contract (`contract/fields.ts`), computed ones included. */
  field(name: string): Column {
    const stored = this.columns.get(columnOf(name, (fields[this.entity] as Record<string, FieldInfo>)[name]));
    if (stored) return stored;
    let computed = this.#computed.get(name);
    if (!computed) {
      computed = this.#compute(name);
      this.#computed.set(name, computed);
    }
    return computed;
  }

  #times(name: string): NumberColumn {
    return this.columns.get(name) as NumberColumn;
  }

  #compute(name: string): DifferenceColumn | NumberColumn {
    const start = this.#times('start_time');
    if (name === 'duration') return new DifferenceColumn(start, this.#times('end_time'));
    if (name === 'wait') return new DifferenceColumn(this.#times('expected_start_time'), start);
    const column = new NumberColumn(this.arena, this.#capacity);
    this.#coalesce(column, null);
    return column;
  }

  /** start_or_expected_time; `rids` null: all */
  #coalesce(column: NumberColumn, rids: readonly number[] | null): void {
    const [start, expected] = [this.#times('start_time'), this.#times('expected_start_time')];
    const n = rids ? rids.length : this.size;
    for (let i = 0; i < n; i++) {
      const rid = rids ? rids[i] : i;
      if (rid >= this.size) continue;
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

/** true when the value is another one */
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
