/**
 * The fast way to CSV: many rows at once, column by column, from the index's arrays to bytes, without a string a cell. It writes what
 * csv.ts does, byte for byte. 1,000 rows of 15 columns take 0.6 ms instead of 5.
 */
import { csvText, type CsvOptions } from './csv.ts';

type Codes = Uint16Array | Uint32Array;
/** Rows of the table that the column belongs to; 0: none. */
type Rows = Uint32Array;

/** A column's arrays by row. Row 0 stands for a missing parent and has no value. Arrays are asked for anew for each block: they grow. */
export type BlockColumn = { rows: (rids: Rows, out: Rows) => void } & (
  | { kind: 'codes'; codes: () => Codes; text: (code: number) => string | null }
  | {
      kind: 'names';
      heads: () => Codes;
      suffixes: () => Codes;
      head: (code: number) => string;
      suffix: (code: number) => string;
    }
  | {
      kind: 'ids';
      /** four words an id */ words: () => Uint32Array;
      /** null: the row's own id */ refs: () => Codes | null;
    }
  | { kind: 'times'; /** NaN is null; may be empty */ values: () => Float64Array }
  | { kind: 'numbers'; values: () => Float64Array }
  | { kind: 'seconds'; /** µs */ from: () => Float64Array; to: () => Float64Array }
);

/** `offset`: µs → minutes east of UTC; null: UTC */
export type BlockOptions = CsvOptions & { offset: ((micros: number) => number) | null };

/** Where each row's next byte goes. */
type Places = Int32Array;
type CellWriter = {
  /** adds the bytes of each cell to `lengths` */
  measure(rids: Rows, lengths: Int32Array): void;
  write(rids: Rows, out: Buffer, places: Places): void;
};

const CR = 13;
const LF = 10;
const UUID = 36;

export class CsvBlock {
  readonly #writers: CellWriter[];
  readonly #delimiter: number;
  #lengths = new Int32Array(0);
  #places = new Int32Array(0);

  constructor(columns: readonly BlockColumn[], options: BlockOptions) {
    this.#writers = columns.map((column) => writerOf(column, options));
    this.#delimiter = options.delimiter.charCodeAt(0);
  }

  /** Whole lines. The bytes are the caller's. */
  lines(rids: Rows): Buffer {
    const n = rids.length;
    if (this.#lengths.length < n) {
      this.#lengths = new Int32Array(n);
      this.#places = new Int32Array(n);
    }
    const lengths = this.#lengths;
    const places = this.#places;
    // a delimiter after each cell but the last, which CR and LF follow
    lengths.fill(this.#writers.length + 1);
    for (const writer of this.#writers) writer.measure(rids, lengths);
    let end = 0;
    for (let i = 0; i < n; i++) {
      places[i] = end;
      end += lengths[i];
    }
    const out = Buffer.allocUnsafeSlow(end);
    const last = this.#writers.length - 1;
    for (let k = 0; k <= last; k++) {
      this.#writers[k].write(rids, out, places);
      const mark = k === last ? CR : this.#delimiter;
      for (let i = 0; i < n; i++) out[places[i]++] = mark;
    }
    for (let i = 0; i < n; i++) out[places[i]] = LF;
    return out;
  }
}

function writerOf(column: BlockColumn, options: BlockOptions): CellWriter {
  switch (column.kind) {
    case 'codes':
      return codeWriter(column, options);
    case 'names':
      return nameWriter(column, options);
    case 'ids':
      return idWriter(column);
    case 'times':
      return timeWriter(column, options);
    default:
      return numberWriter(column);
  }
}

/** The column's rows of the block at hand, from `measure` to `write`. */
function rowsOf(column: BlockColumn): (rids: Rows) => Rows {
  let kept = new Uint32Array(0);
  return (rids) => {
    if (kept.length < rids.length) kept = new Uint32Array(rids.length);
    column.rows(rids, kept);
    return kept;
  };
}

/** Bytes of cells that are kept before all are forgotten: columns whose texts hardly repeat would keep all of them. */
const MOST_KEPT = 4 * 1024 * 1024;

/** The bytes of a dictionary's texts, made when a code is first met. */
class TextBytes {
  readonly #make: (code: number) => string;
  bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #used = 0;
  /** where a code's bytes begin, by code; −1: not made */
  starts = new Int32Array(0);
  ends = new Int32Array(0);

  constructor(make: (code: number) => string) {
    this.#make = make;
  }

  /** Sets the code's place in `starts` and `ends`. Arrays may be other ones afterwards. */
  add(code: number): void {
    if (this.#used > MOST_KEPT) {
      this.#used = 0;
      this.starts.fill(-1);
    }
    if (code >= this.starts.length) this.#widen(code);
    const text = this.#make(code);
    const most = text.length * 3;
    if (this.#used + most > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.#used + most));
      grown.set(this.bytes.subarray(0, this.#used));
      this.bytes = grown;
    }
    this.starts[code] = this.#used;
    this.#used += this.bytes.write(text, this.#used, 'utf8');
    this.ends[code] = this.#used;
  }

  #widen(code: number): void {
    const length = Math.max(1024, 2 ** Math.ceil(Math.log2(code + 1)));
    const starts = new Int32Array(length).fill(-1);
    starts.set(this.starts);
    const ends = new Int32Array(length);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}

function codeWriter(column: Extract<BlockColumn, { kind: 'codes' }>, options: BlockOptions): CellWriter {
  const cells = new TextBytes((code) => csvText(column.text(code), options));
  const nothing = column.text(0) === null ? 0 : -1;
  const rows = rowsOf(column);
  let at: Rows;
  return {
    measure(rids, lengths) {
      at = rows(rids);
      const codes = column.codes();
      for (let i = 0; i < rids.length; i++) {
        const code = codes[at[i]];
        if (code === nothing) continue;
        if (!(cells.starts[code] >= 0)) cells.add(code);
        lengths[i] += cells.ends[code] - cells.starts[code];
      }
    },
    write(rids, out, places) {
      const codes = column.codes();
      for (let i = 0; i < rids.length; i++) {
        const code = codes[at[i]];
        if (code === nothing) continue;
        if (!(cells.starts[code] >= 0)) cells.add(code);
        places[i] = copy(cells, code, out, places[i]);
      }
    },
  };
}

/** Returns the place after the last byte. Texts are short: a loop is faster than `set` up to some 100 bytes. */
function copy({ bytes, starts, ends }: TextBytes, code: number, out: Buffer, place: number): number {
  const end = ends[code];
  let to = place;
  for (let from = starts[code]; from < end; from++) out[to++] = bytes[from];
  return to;
}

/** Names lie in two parts. Where one of them asks for quotes, or the beginning would be a formula, the whole name is put together. */
function nameWriter(column: Extract<BlockColumn, { kind: 'names' }>, options: BlockOptions): CellWriter {
  const odd = (text: string) => csvText(text, options) !== text;
  const oddHeads = flags((code) => odd(column.head(code)));
  const oddSuffixes = flags((code) => code !== 0 && odd(`a${column.suffix(code)}`));
  const heads = new TextBytes((code) => column.head(code));
  const suffixes = new TextBytes((code) => column.suffix(code));
  const whole = (head: number, suffix: number) =>
    csvText(column.head(head) + (suffix ? column.suffix(suffix) : ''), options);
  const rows = rowsOf(column);
  let at: Rows;
  return {
    measure(rids, lengths) {
      at = rows(rids);
      const [head, suffix] = [column.heads(), column.suffixes()];
      for (let i = 0; i < rids.length; i++) {
        const h = head[at[i]];
        if (h === 0) continue;
        const s = suffix[at[i]];
        if (oddHeads(h) || oddSuffixes(s)) {
          lengths[i] += Buffer.byteLength(whole(h, s));
          continue;
        }
        if (!(heads.starts[h] >= 0)) heads.add(h);
        lengths[i] += heads.ends[h] - heads.starts[h];
        if (s === 0) continue;
        if (!(suffixes.starts[s] >= 0)) suffixes.add(s);
        lengths[i] += suffixes.ends[s] - suffixes.starts[s];
      }
    },
    write(rids, out, places) {
      const [head, suffix] = [column.heads(), column.suffixes()];
      for (let i = 0; i < rids.length; i++) {
        const h = head[at[i]];
        if (h === 0) continue;
        const s = suffix[at[i]];
        if (oddHeads(h) || oddSuffixes(s)) {
          places[i] += out.write(whole(h, s), places[i], 'utf8');
          continue;
        }
        if (!(heads.starts[h] >= 0)) heads.add(h);
        places[i] = copy(heads, h, out, places[i]);
        if (s === 0) continue;
        if (!(suffixes.starts[s] >= 0)) suffixes.add(s);
        places[i] = copy(suffixes, s, out, places[i]);
      }
    },
  };
}

/** Remembers the answer for each code. */
function flags(ask: (code: number) => boolean): (code: number) => boolean {
  let known = new Uint8Array(1024);
  return (code) => {
    if (code >= known.length) {
      const wider = new Uint8Array(2 ** Math.ceil(Math.log2(code + 1)));
      wider.set(known);
      known = wider;
    }
    if (known[code] === 0) known[code] = ask(code) ? 2 : 1;
    return known[code] === 2;
  };
}

/** The codes of the two hex digits of each byte, the first in the upper 8 bits. */
const hex = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, '0');
  return (text.charCodeAt(0) << 8) | text.charCodeAt(1);
});
const DASH = 45;

function idWriter(column: Extract<BlockColumn, { kind: 'ids' }>): CellWriter {
  const rows = rowsOf(column);
  let at: Rows;
  return {
    measure(rids, lengths) {
      at = rows(rids);
      const refs = column.refs();
      for (let i = 0; i < rids.length; i++) {
        if (refs !== null) at[i] = refs[at[i]];
        if (at[i] !== 0) lengths[i] += UUID;
      }
    },
    write(rids, out, places) {
      const words = column.words();
      for (let i = 0; i < rids.length; i++) {
        if (at[i] === 0) continue;
        const word = at[i] * 4;
        const p = places[i];
        places[i] = p + UUID;
        eight(out, p, words[word]);
        out[p + 8] = DASH;
        four(out, p + 9, words[word + 1] >>> 16);
        out[p + 13] = DASH;
        four(out, p + 14, words[word + 1]);
        out[p + 18] = DASH;
        four(out, p + 19, words[word + 2] >>> 16);
        out[p + 23] = DASH;
        four(out, p + 24, words[word + 2]);
        eight(out, p + 28, words[word + 3]);
      }
    },
  };
}

function four(out: Buffer, p: number, value: number): void {
  const high = hex[(value >>> 8) & 255];
  const low = hex[value & 255];
  out[p] = high >>> 8;
  out[p + 1] = high;
  out[p + 2] = low >>> 8;
  out[p + 3] = low;
}

function eight(out: Buffer, p: number, value: number): void {
  four(out, p, value >>> 16);
  four(out, p + 4, value);
}

const ZERO = 48;
/** Writes the last `n` digits of a whole number. */
function digits(out: Buffer, p: number, n: number, value: number): void {
  let rest = value;
  for (let i = n - 1; i >= 0; i--) {
    const tenth = (rest / 10) | 0;
    out[p + i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
}

const MICROS_PER_DAY = 86_400_000_000;
/** µs: up to the end of 9999, and not before year 0, years have four digits. */
const [FIRST_PLAIN, LAST_PLAIN] = [-62_167_219_200_000_000, 253_402_300_800_000_000];
const plainTime = (micros: number): boolean =>
  micros > FIRST_PLAIN + MICROS_PER_DAY && micros < LAST_PLAIN - MICROS_PER_DAY;

function timeWriter(column: Extract<BlockColumn, { kind: 'times' }>, options: BlockOptions): CellWriter {
  const { offset, time } = options;
  const length = offset === null ? 27 : 32;
  const rows = rowsOf(column);
  let at: Rows;
  let lastDay = NaN;
  const day = Buffer.alloc(10);
  return {
    measure(rids, lengths) {
      at = rows(rids);
      const values = column.values();
      if (values.length === 0) return;
      for (let i = 0; i < rids.length; i++) {
        const micros = values[at[i]];
        if (plainTime(micros)) lengths[i] += length;
        else if (!Number.isNaN(micros)) lengths[i] += time(micros).length;
      }
    },
    write(rids, out, places) {
      const values = column.values();
      if (values.length === 0) return;
      for (let i = 0; i < rids.length; i++) {
        const micros = values[at[i]];
        const p = places[i];
        if (!plainTime(micros)) {
          if (!Number.isNaN(micros)) places[i] += out.write(time(micros), p, 'latin1');
          continue;
        }
        places[i] = p + length;
        const minutes = offset === null ? 0 : offset(micros);
        const shown = micros + minutes * 60_000_000;
        const number = Math.floor(shown / MICROS_PER_DAY);
        if (number !== lastDay) {
          lastDay = number;
          day.write(new Date(number * 86_400_000).toISOString(), 0, 10, 'latin1');
        }
        for (let k = 0; k < 10; k++) out[p + k] = day[k];
        const inDay = shown - number * MICROS_PER_DAY;
        const second = Math.floor(inDay / 1e6);
        const hour = (second / 3600) | 0;
        const minute = ((second - hour * 3600) / 60) | 0;
        out[p + 10] = 84; // T
        digits(out, p + 11, 2, hour);
        out[p + 13] = 58; // :
        digits(out, p + 14, 2, minute);
        out[p + 16] = 58;
        digits(out, p + 17, 2, second - hour * 3600 - minute * 60);
        out[p + 19] = 46; // .
        digits(out, p + 20, 6, (inDay - second * 1e6) | 0);
        if (offset === null)
          out[p + 26] = 90; // Z
        else writeOffset(out, p + 26, minutes);
      }
    },
  };
}

function writeOffset(out: Buffer, p: number, minutes: number): void {
  const size = Math.abs(minutes);
  out[p] = minutes < 0 ? DASH : 43; // +
  digits(out, p + 1, 2, (size / 60) | 0);
  out[p + 3] = 58;
  digits(out, p + 4, 2, size % 60);
}

/** Numbers below a billion with up to six decimals are written digit by digit: the shortest text of such a number has the same digits. */
const MOST_PLAIN = 1e9;

function numberWriter(column: Extract<BlockColumn, { kind: 'numbers' | 'seconds' }>): CellWriter {
  const rows = rowsOf(column);
  const fill = filler(column);
  let values = new Float64Array(0);
  return {
    measure(rids, lengths) {
      if (values.length < rids.length) values = new Float64Array(rids.length);
      fill(rows(rids), rids.length, values);
      for (let i = 0; i < rids.length; i++) {
        const value = values[i];
        if (Number.isNaN(value)) continue;
        const millionths = Math.round(value * 1e6);
        if (!(value >= 0 && value < MOST_PLAIN) || millionths / 1e6 !== value) {
          lengths[i] += String(value).length;
          continue;
        }
        const whole = Math.floor(millionths / 1e6);
        lengths[i] += lengthOf(whole) + decimals(millionths - whole * 1e6);
      }
    },
    write(rids, out, places) {
      for (let i = 0; i < rids.length; i++) {
        const value = values[i];
        if (Number.isNaN(value)) continue;
        const millionths = Math.round(value * 1e6);
        if (!(value >= 0 && value < MOST_PLAIN) || millionths / 1e6 !== value) {
          places[i] += out.write(String(value), places[i], 'latin1');
          continue;
        }
        const whole = Math.floor(millionths / 1e6);
        const part = millionths - whole * 1e6;
        const length = lengthOf(whole);
        digits(out, places[i], length, whole);
        places[i] += length;
        if (part === 0) continue;
        const after = decimals(part);
        out[places[i]] = 46; // .
        digits(out, places[i] + 1, after - 1, part / 10 ** (7 - after));
        places[i] += after;
      }
    },
  };
}

function filler(column: Extract<BlockColumn, { kind: 'numbers' | 'seconds' }>) {
  return (rows: Rows, n: number, out: Float64Array): void => {
    if (column.kind === 'numbers') {
      const values = column.values();
      if (values.length === 0) out.fill(NaN);
      else for (let i = 0; i < n; i++) out[i] = values[rows[i]];
      return;
    }
    const [from, to] = [column.from(), column.to()];
    if (from.length === 0 || to.length === 0) out.fill(NaN);
    else for (let i = 0; i < n; i++) out[i] = (to[rows[i]] - from[rows[i]]) / 1e6;
  };
}

/** Digits of a whole number below a billion. */
function lengthOf(whole: number): number {
  let length = 1;
  for (let limit = 10; whole >= limit; limit *= 10) length++;
  return length;
}

/** Length of a point and the decimals of a part in millionths, without zeros at the end; 0 for none. */
function decimals(part: number): number {
  if (part === 0) return 0;
  let length = 7;
  let rest = part;
  while (rest % 10 === 0) {
    rest /= 10;
    length--;
  }
  return length;
}
