/** What the kernel writes of each row, and how it is read: values are made when they are asked for. */
import { parseTime } from '../../contract/time.ts';
import type { Scanned } from './instance.ts';
import { keys, slotCount, timeCount, type Key } from './keys.ts';

// assembly/records.ts has the same numbers. Of a record, in words of 4 bytes: its own length in bytes, …
/** … the row's from and to in the page, what its id is, and the 16 bytes of that, … */
const FROM = 1;
const TO = 2;
const ID_IS = 3;
const UUID = 4;
/** … of each slot a place and the length × 16 + kind, the times as numbers, and from and to of what is computed. */
const SLOTS = 8;
const TIMES = SLOTS + slotCount * 2;
const SPANS = TIMES + timeCount * 2;

// kinds, and what the place is one in
/** the texts */
const PLAIN = 1;
const NUMBER = 2;
const LIST = 3;
/** the ids, backwards */
const ID = 4;
/** the number itself */
const WHOLE = 5;
/** the page */
const ESCAPED = 6;
const OBJECT = 7;
const NULL = 8;
const TRUE = 9;
const FALSE = 10;

/** what an id is that has dashes and no capitals; 1: another spelling of a UUID, 0: none */
const CANONICAL = 2;

/** Values under their keys' names, undefined when they are not there. */
export type Value = Record<string, unknown>;
type ValueClass = new (records: Records, record: number) => Value;
type Last = { place: number; mark: number; value: unknown };

/** A page and its rows' records. A record is told by the word it begins with. */
export class Records {
  readonly #page: Buffer;
  readonly #words: Uint32Array;
  readonly #numbers: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #texts: string;
  /** Ids are remembered for long, and what is cut from a string keeps all of that in memory: so they have one of their own. */
  readonly #ids: string;
  /** of each slot what was last made, and of what */
  readonly #last = Array.from({ length: slotCount }, (): Last => ({ place: 0, mark: 0, value: undefined }));

  constructor(page: Buffer, { texts, ids, records }: Scanned) {
    this.#page = page;
    this.#words = new Uint32Array(records);
    this.#numbers = new Float64Array(records);
    this.#bytes = new Uint8Array(records);
    this.#texts = texts;
    this.#ids = ids;
  }

  starts(): number[] {
    const starts: number[] = [];
    for (let at = 0; at < this.#words.length; at += this.#words[at] / 4) starts.push(at);
    return starts;
  }

  row(record: number): Buffer {
    return this.#page.subarray(this.#words[record + FROM], this.#words[record + TO]);
  }

  /** from and to, in the row, of each number that is computed */
  computed(record: number): number[] {
    const spans: number[] = [];
    const from = this.#words[record + FROM];
    const end = record + this.#words[record] / 4;
    for (let at = record + SPANS; at < end; at++) spans.push(this.#words[at] - from);
    return spans;
  }

  isUuid(record: number): boolean {
    return this.#words[record + ID_IS] !== 0;
  }

  isCanonical(record: number): boolean {
    return this.#words[record + ID_IS] === CANONICAL;
  }

  writeUuid(record: number, into: Uint8Array, at: number): void {
    const from = (record + UUID) * 4;
    for (let i = 0; i < 16; i++) into[at + i] = this.#bytes[from + i];
  }

  value(record: number, key: Key): unknown {
    const place = this.#words[record + SLOTS + key.slot * 2];
    const mark = this.#words[record + SLOTS + key.slot * 2 + 1];
    if (!key.isShared) return this.#made(record, key, place, mark);
    // the same string again: whoever looks it up in a map finds its hash ready
    const last = this.#last[key.slot];
    if (last.mark !== mark || last.place !== place) {
      last.value = this.#made(record, key, place, mark);
      last.place = place;
      last.mark = mark;
    }
    return last.value;
  }

  #made(record: number, key: Key, place: number, mark: number): unknown {
    const length = mark >>> 4;
    switch (mark & 15) {
      case PLAIN:
        return this.#texts.slice(place, place + length);
      case ID:
        return this.#ids.slice(this.#ids.length - place, this.#ids.length - place + length);
      case NUMBER:
        return Number(this.#texts.slice(place, place + length));
      case WHOLE:
        return place;
      case LIST:
        return JSON.parse(this.#texts.slice(place, place + length));
      case ESCAPED:
        return JSON.parse(this.#page.toString('utf8', place, place + length));
      case OBJECT:
        return new (insides.get(key) as ValueClass)(this, record);
      case NULL:
        return null;
      case TRUE:
        return true;
      case FALSE:
        return false;
      default:
        return undefined;
    }
  }

  /** µs; NaN: is no time. */
  time(record: number, key: Key): number {
    const kind = this.#words[record + SLOTS + key.slot * 2 + 1] & 15;
    const known = kind === PLAIN ? this.#numbers[(record + TIMES) / 2 + key.time] : NaN;
    if (!Number.isNaN(known) || (kind !== PLAIN && kind !== ESCAPED)) return known;
    return parseTime(this.value(record, key) as string) ?? NaN;
  }
}

/** Getters: a row's objects are made by the ten thousand, and of most no more than the id is asked for. */
function classOf(inside: readonly Key[]): ValueClass {
  class Values {
    readonly #records: Records;
    readonly #record: number;

    constructor(records: Records, record: number) {
      this.#records = records;
      this.#record = record;
    }

    static {
      for (const key of inside) {
        const get = function (this: Values) {
          return this.#records.value(this.#record, key);
        };
        Object.defineProperty(this.prototype, key.name, { enumerable: true, get });
      }
    }
  }
  return Values as unknown as ValueClass;
}

const insides = new Map(keys.filter(({ inside }) => inside.length > 0).map((key) => [key, classOf(key.inside)]));
export const RowValue = classOf(keys);
