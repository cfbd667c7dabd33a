/** CSV cells of ids, times and numbers, written digit by digit. */
import { rowsOf, type BlockColumn, type BlockOptions, type CellWriter, type Rows } from './csv-cells.ts';

const UUID = 36;
/** The codes of the two hex digits of each byte, the first in the upper 8 bits. */
const hex = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, '0');
  return (text.charCodeAt(0) << 8) | text.charCodeAt(1);
});
const DASH = 45;

export function idWriter(column: Extract<BlockColumn, { kind: 'ids' }>): CellWriter {
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

export function timeWriter(column: Extract<BlockColumn, { kind: 'times' }>, options: BlockOptions): CellWriter {
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

/** −1: the number is not such a one. */
function millionthsOf(value: number): number {
  const millionths = Math.round(value * 1e6);
  return value >= 0 && value < MOST_PLAIN && millionths / 1e6 === value ? millionths : -1;
}

export function numberWriter(column: Extract<BlockColumn, { kind: 'numbers' | 'seconds' }>): CellWriter {
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
        const millionths = millionthsOf(value);
        if (millionths < 0) {
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
        const millionths = millionthsOf(value);
        if (millionths < 0) {
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
