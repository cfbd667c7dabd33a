/**
 * One typed array a field, indexed by rid. Values of rows that are not listed may be anything: every mask is intersected with the table's
 * `alive` set.
 */
import type { Entity } from '../../contract/fields.ts';
import { MICROS_PER_SECOND } from '../../contract/time.ts';
import { Codes, TagSets } from './dictionaries.ts';
import type { Arena } from '../kernels/heap.ts';
import { Names } from './names.ts';
import { formatUuid } from './uuid-words.ts';

/** µs, seconds or counts; NaN is null. A column without any value (mostly `gone`) takes no memory. */
export class NumberColumn {
  readonly kind = 'number';
  readonly #arena: Arena;
  /** Empty while every value is null. */
  values = new Float64Array(0) as Float64Array;
  #capacity: number;

  constructor(arena: Arena, capacity: number) {
    this.#arena = arena;
    this.#capacity = capacity;
  }

  get(rid: number): number {
    return this.values.length === 0 ? NaN : this.values[rid];
  }

  /** Returns true when the value changed. */
  set(rid: number, value: number): boolean {
    if (this.values.length === 0) {
      if (Number.isNaN(value)) return false;
      this.values = this.#arena.array(Float64Array, this.#capacity).fill(NaN);
    }
    if (Object.is(this.values[rid], value)) return false;
    this.values[rid] = value;
    return true;
  }

  grow(capacity: number): void {
    this.#capacity = capacity;
    if (this.values.length === 0) return;
    const { length } = this.values;
    this.values = this.#arena.grown(this.values, capacity).fill(NaN, length);
  }

  get bytes(): number {
    return this.values.byteLength;
  }
}

/** Seconds from one time of the row to another, computed on reading. */
export class DifferenceColumn {
  readonly kind = 'difference';
  readonly to: NumberColumn;
  readonly from: NumberColumn;

  constructor(from: NumberColumn, to: NumberColumn) {
    this.from = from;
    this.to = to;
  }

  get(rid: number): number {
    return (this.to.get(rid) - this.from.get(rid)) / MICROS_PER_SECOND;
  }
}

/** A column of one code a row; 0 is null. */
class CodeColumn<A extends Uint16Array | Uint32Array> {
  protected readonly arena: Arena;
  codes: A;

  constructor(arena: Arena, codes: A) {
    this.arena = arena;
    this.codes = codes;
  }

  grow(capacity: number): void {
    this.codes = this.arena.grown(this.codes, capacity);
  }

  get bytes(): number {
    return this.codes.byteLength;
  }
}

/** Few distinct texts: 2 bytes a row up to 65,535 texts, 4 beyond. */
export class TermColumn extends CodeColumn<Uint16Array | Uint32Array> {
  readonly kind = 'term';
  readonly dictionary = new Codes();

  constructor(arena: Arena, capacity: number) {
    super(arena, arena.array(Uint16Array, capacity));
  }

  /** Returns true when the value changed. */
  set(rid: number, code: number): boolean {
    if (this.codes[rid] === code) return false;
    if (code > 65_535 && this.codes instanceof Uint16Array) this.#widen(this.codes);
    this.codes[rid] = code;
    return true;
  }

  #widen(narrow: Uint16Array): void {
    const wide = this.arena.array(Uint32Array, narrow.length);
    wide.set(narrow);
    this.arena.free(narrow);
    this.codes = wide;
  }
}

/** Codes: 0 null, 1 false, 2 true. */
export class BooleanColumn extends CodeColumn<Uint16Array> {
  readonly kind = 'boolean';

  constructor(arena: Arena, capacity: number) {
    super(arena, arena.array(Uint16Array, capacity));
  }
}

export class TagsColumn extends CodeColumn<Uint32Array> {
  readonly kind = 'tags';
  readonly dictionary = new TagSets();

  constructor(arena: Arena, capacity: number) {
    super(arena, arena.array(Uint32Array, capacity));
  }

  override get bytes(): number {
    return super.bytes + this.dictionary.starts.words.byteLength + this.dictionary.items.words.byteLength;
  }
}

/** The rid of another row, 0 for none. The other row may be a stub (only its id is known): its id is a value, its fields are absent. */
export class RefColumn extends CodeColumn<Uint32Array> {
  readonly kind = 'ref';
  readonly target: Entity;

  constructor(arena: Arena, capacity: number, target: Entity) {
    super(arena, arena.array(Uint32Array, capacity));
    this.target = target;
  }
}

export class TextColumn {
  readonly kind = 'text';
  readonly #arena: Arena;
  readonly names = new Names();
  heads: Uint32Array;
  suffixes: Uint16Array;

  constructor(arena: Arena, capacity: number) {
    this.#arena = arena;
    this.heads = arena.array(Uint32Array, capacity);
    this.suffixes = arena.array(Uint16Array, capacity);
  }

  /** Returns true when the value changed. */
  set(rid: number, text: string | null): boolean {
    this.names.intern(text);
    const { head, suffix } = this.names;
    if (this.heads[rid] === head && this.suffixes[rid] === suffix) return false;
    this.heads[rid] = head;
    this.suffixes[rid] = suffix;
    return true;
  }

  text(rid: number): string | null {
    return this.names.text(this.heads[rid], this.suffixes[rid]);
  }

  grow(capacity: number): void {
    this.heads = this.#arena.grown(this.heads, capacity);
    this.suffixes = this.#arena.grown(this.suffixes, capacity);
  }

  get bytes(): number {
    return this.heads.byteLength + this.suffixes.byteLength;
  }
}

/** Four words a row, see uuid-words.ts. */
export class IdColumn {
  readonly kind = 'id';
  readonly #arena: Arena;
  words: Uint32Array;

  constructor(arena: Arena, capacity: number) {
    this.#arena = arena;
    this.words = arena.array(Uint32Array, capacity * 4);
  }

  /** Returns true when the id changed. */
  set(rid: number, bytes: Uint8Array): boolean {
    const at = rid * 4;
    let other = false;
    for (let i = 0; i < 4; i++) {
      const b = i * 4;
      const word = ((bytes[b] << 24) | (bytes[b + 1] << 16) | (bytes[b + 2] << 8) | bytes[b + 3]) >>> 0;
      if (this.words[at + i] === word) continue;
      this.words[at + i] = word;
      other = true;
    }
    return other;
  }

  text(rid: number): string {
    const at = rid * 4;
    return formatUuid(this.words[at], this.words[at + 1], this.words[at + 2], this.words[at + 3]);
  }

  /** Negative when row a has the smaller id, 0 when both ids are equal. */
  compare(a: number, b: number): number {
    const { words } = this;
    for (let i = 0; i < 4; i++) {
      const x = words[a * 4 + i];
      const y = words[b * 4 + i];
      if (x !== y) return x - y;
    }
    return 0;
  }

  grow(capacity: number): void {
    this.words = this.#arena.grown(this.words, capacity * 4);
  }

  get bytes(): number {
    return this.words.byteLength;
  }
}

export type StoredColumn = NumberColumn | TermColumn | BooleanColumn | TagsColumn | RefColumn | TextColumn | IdColumn;
export type Column = StoredColumn | DifferenceColumn;
