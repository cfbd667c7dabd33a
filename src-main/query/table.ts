/** All rows of one entity, column by column, and which of them are there. */
import { fields, type Entity } from '../contract/fields.ts';
import { MICROS_PER_SECOND } from '../contract/time.ts';
import { columns, type Cell, type ColumnKind } from '../store/columns.ts';
import * as bits from './bits.ts';
import type { Bits } from './bits.ts';
import { BooleanColumn, IdColumn, NumberColumn, RefColumn, TagsColumn, TermColumn, TextColumn } from './columns.ts';
import type { Column } from './columns.ts';
import type { Terms } from './dictionaries.ts';

/** An order that has not been looked at for so many changed rows is built anew instead of merged. */
const MAX_CHANGES = 65_536;

/** A sixteenth of room: at a million rows the next copy is 62,500 rows away and idle bytes stay under 7 a row. Whole words. */
const withRoom = (rows: number): number => (rows + (rows >>> 4) + 1024 + 31) & ~31;

export class Table {
  readonly entity: Entity;
  /** one more than the largest rid seen */
  size = 1;
  #capacity: number;
  readonly ids: IdColumn;
  /** stored columns by their name in `columns[entity]` */
  readonly columns = new Map<string, Column>();
  /** cell i of a source row (after the rid) goes to this column; null for id and known, which are not plain columns */
  readonly #setters: (Column | null)[] = [];
  readonly #knownAt: number;
  /** rows with an id: listed rows and stubs */
  present: Bits;
  /** listed rows: there and known */
  alive: Bits;
  count = 0;
  /** rids in the order they changed since the index was built; permutations keep their own place in it */
  changes: number[] = [];
  /** entries dropped from the front of `changes` */
  changesBase = 0;
  readonly #computed = new Map<string, NumberColumn>();
  #aliveShared: Bits | null = null;

  constructor(entity: Entity, rows: number) {
    this.entity = entity;
    this.#capacity = rows === 0 ? 32 : withRoom(rows + 1);
    this.ids = new IdColumn(this.#capacity);
    this.present = new Int32Array(this.#capacity >>> 5);
    this.alive = new Int32Array(this.#capacity >>> 5);
    const names = Object.entries(columns[entity]) as [string, ColumnKind][];
    for (const [name, kind] of names) {
      if (name === 'id' || name === 'known') {
        this.#setters.push(null);
        continue;
      }
      const column = makeColumn(kind, this.#capacity);
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
    for (const column of this.#computed.values()) total += column.bytes;
    return total;
  }

  /** The listed rows as a mask that will not change; a new one after every change. */
  listed(): Bits {
    this.#aliveShared ??= this.alive.slice(0, this.words);
    return this.#aliveShared;
  }

  reserve(rid: number): void {
    if (rid >= this.size) this.size = rid + 1;
    if (rid < this.#capacity) return;
    this.#capacity = withRoom(Math.max(rid + 1, this.#capacity));
    for (const column of this.columns.values()) column.grow(this.#capacity);
    for (const column of this.#computed.values()) column.grow(this.#capacity);
    const present = new Int32Array(this.#capacity >>> 5);
    present.set(this.present);
    this.present = present;
    const alive = new Int32Array(this.#capacity >>> 5);
    alive.set(this.alive);
    this.alive = alive;
  }

  /** `row` is [rid, ...cells] in the order of `columns[entity]`. */
  set(row: readonly [number, ...Cell[]], terms: Terms): void {
    const rid = row[0];
    this.reserve(rid);
    const known = row[this.#knownAt] === 1;
    bits.add(this.present, rid);
    if (known !== bits.has(this.alive, rid)) {
      this.count += known ? 1 : -1;
      if (known) bits.add(this.alive, rid);
      else bits.remove(this.alive, rid);
    }
    this.ids.set(rid, row[1] as Uint8Array);
    for (let i = 0; i < this.#setters.length; i++) {
      const column = this.#setters[i]!;
      if (column !== null) setCell(column, rid, row[i + 1], terms);
    }
  }

  remove(rid: number): void {
    if (rid >= this.size) return;
    if (bits.has(this.alive, rid)) this.count -= 1;
    bits.remove(this.alive, rid);
    bits.remove(this.present, rid);
  }

  /** After a batch: what was derived from the old rows is brought up to date or dropped. */
  touched(rids: readonly number[]): void {
    for (const rid of rids) this.changes.push(rid);
    if (this.changes.length > MAX_CHANGES) {
      const dropped = this.changes.length - MAX_CHANGES / 2;
      this.changes = this.changes.slice(dropped);
      this.changesBase += dropped;
    }
    this.#aliveShared = null;
    for (const [name, column] of this.#computed) this.#recompute(name, column, rids);
  }

  /** The column of a field of the contract (`contract/fields.ts`), computed ones included. */
  field(name: string): Column {
    const kind = (fields[this.entity] as Record<string, string>)[name];
    const stored = this.columns.get(kind === 'uuid' && name !== 'id' ? name.slice(0, -'_id'.length) : name);
    if (stored) return stored;
    let computed = this.#computed.get(name);
    if (!computed) {
      computed = this.#compute(name);
      this.#computed.set(name, computed);
    }
    return computed;
  }

  #compute(name: string): NumberColumn {
    const column = new NumberColumn(this.#capacity);
    this.#recompute(name, column, null);
    return column;
  }

  /** `rids` null: all */
  #recompute(name: string, column: NumberColumn, rids: readonly number[] | null): void {
    const times = (field: string) => this.columns.get(field) as NumberColumn;
    const start = times('start_time');
    const other = times(name === 'duration' ? 'end_time' : 'expected_start_time');
    const n = rids ? rids.length : this.size;
    for (let i = 0; i < n; i++) {
      const rid = rids ? rids[i] : i;
      if (rid >= this.size) continue;
      const [s, o] = [start.get(rid), other.get(rid)];
      if (name === 'duration') column.set(rid, (o - s) / MICROS_PER_SECOND);
      else if (name === 'wait') column.set(rid, (s - o) / MICROS_PER_SECOND);
      else column.set(rid, Number.isNaN(s) ? o : s);
    }
  }
}

function makeColumn(kind: ColumnKind, capacity: number): Column {
  switch (kind) {
    case 'time':
    case 'int':
    case 'real':
      return new NumberColumn(capacity);
    case 'term':
      return new TermColumn(capacity);
    case 'tags':
      return new TagsColumn(capacity);
    case 'bool':
      return new BooleanColumn(capacity);
    case 'text':
      return new TextColumn(capacity);
    case 'uuid':
      return new IdColumn(capacity);
    default:
      return new RefColumn(capacity, kind);
  }
}

function setCell(column: Column, rid: number, cell: Cell, terms: Terms): void {
  switch (column.kind) {
    case 'number':
      column.set(rid, cell === null ? NaN : (cell as number));
      break;
    case 'term':
      column.set(rid, cell === null ? 0 : column.dictionary.ofTerm(cell as number, terms));
      break;
    case 'tags':
      column.codes[rid] = cell === null ? 0 : column.dictionary.ofTerm(cell as number, terms);
      break;
    case 'boolean':
      column.codes[rid] = cell === null ? 0 : cell === 0 ? 1 : 2;
      break;
    case 'ref':
      column.codes[rid] = cell === null ? 0 : (cell as number);
      break;
    case 'text':
      column.set(rid, cell as string | null);
      break;
    case 'id':
      column.set(rid, cell as Uint8Array);
      break;
  }
}
