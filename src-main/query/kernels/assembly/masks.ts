/** Column → mask: 32 rows become one word. Columns have room for whole words; bits past the last row are cleared by the caller. */
import { bit } from './bits';

/** Bit r of the mask = table[codes[r]], for tables of up to 16 entries: 16 rows in one look-up (0.08 ms for a million rows). */
export function byFew(codes: usize, table: usize, out: usize, words: u32): void {
  const marks = v128.load(table);
  for (let w: u32 = 0; w < words; w++) {
    const low = v128.narrow<u16>(v128.load(codes), v128.load(codes, 16));
    const high = v128.narrow<u16>(v128.load(codes, 32), v128.load(codes, 48));
    // negated, a 1 has the byte's sign bit set, and bitmask collects sign bits
    const a: u32 = v128.bitmask<i8>(v128.neg<i8>(v128.swizzle(marks, low)));
    const b: u32 = v128.bitmask<i8>(v128.neg<i8>(v128.swizzle(marks, high)));
    store<u32>(out, a | (b << 16));
    codes += 64;
    out += 4;
  }
}

export function byCode16(codes: usize, table: usize, out: usize, words: u32): void {
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 8) {
      word |=
        (mark(table, load<u16>(codes)) |
          (mark(table, load<u16>(codes, 2)) << 1) |
          (mark(table, load<u16>(codes, 4)) << 2) |
          (mark(table, load<u16>(codes, 6)) << 3) |
          (mark(table, load<u16>(codes, 8)) << 4) |
          (mark(table, load<u16>(codes, 10)) << 5) |
          (mark(table, load<u16>(codes, 12)) << 6) |
          (mark(table, load<u16>(codes, 14)) << 7)) <<
        j;
      codes += 16;
    }
    store<u32>(out, word);
    out += 4;
  }
}

export function byCode32(codes: usize, table: usize, out: usize, words: u32): void {
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 8) {
      word |=
        (mark(table, load<u32>(codes)) |
          (mark(table, load<u32>(codes, 4)) << 1) |
          (mark(table, load<u32>(codes, 8)) << 2) |
          (mark(table, load<u32>(codes, 12)) << 3) |
          (mark(table, load<u32>(codes, 16)) << 4) |
          (mark(table, load<u32>(codes, 20)) << 5) |
          (mark(table, load<u32>(codes, 24)) << 6) |
          (mark(table, load<u32>(codes, 28)) << 7)) <<
        j;
      codes += 32;
    }
    store<u32>(out, word);
    out += 4;
  }
}

function mark(table: usize, code: u32): u32 {
  return load<u8>(table + code);
}

/** Bit r of the mask = bit refs[r] of `target`. */
export function byBit32(refs: usize, target: usize, out: usize, words: u32): void {
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 4) {
      word |=
        (bit(target, load<u32>(refs)) |
          (bit(target, load<u32>(refs, 4)) << 1) |
          (bit(target, load<u32>(refs, 8)) << 2) |
          (bit(target, load<u32>(refs, 12)) << 3)) <<
        j;
      refs += 16;
    }
    store<u32>(out, word);
    out += 4;
  }
}

/** Sets bit refs[r] in `out` for every row r of `from`. `out` must be zero before. */
export function pointedAt(refs: usize, from: usize, words: u32, out: usize): void {
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(from);
    while (word != 0) {
      const to = load<u32>(refs + ((<usize>ctz(word)) << 2));
      const place = out + ((to >> 5) << 2);
      store<u32>(place, load<u32>(place) | (1 << (to & 31)));
      word &= word - 1;
    }
    from += 4;
    refs += 128;
  }
}

/** Rows with from ≤ value ≤ to. NaN is in no range. */
export function byRange(values: usize, from: f64, to: f64, out: usize, words: u32): void {
  const low = f64x2.splat(from);
  const high = f64x2.splat(to);
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 8) {
      word |=
        (within(v128.load(values), low, high) |
          (within(v128.load(values, 16), low, high) << 2) |
          (within(v128.load(values, 32), low, high) << 4) |
          (within(v128.load(values, 48), low, high) << 6)) <<
        j;
      values += 64;
    }
    store<u32>(out, word);
    out += 4;
  }
}

function within(two: v128, low: v128, high: v128): u32 {
  return v128.bitmask<i64>(v128.and(f64x2.ge(two, low), f64x2.le(two, high)));
}

/** Rows with from ≤ (later − earlier) / unit ≤ to. */
export function byDifference(
  later: usize,
  earlier: usize,
  unit: f64,
  from: f64,
  to: f64,
  out: usize,
  words: u32,
): void {
  const low = f64x2.splat(from);
  const high = f64x2.splat(to);
  const units = f64x2.splat(unit);
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 4) {
      const a = f64x2.div(f64x2.sub(v128.load(later), v128.load(earlier)), units);
      const b = f64x2.div(f64x2.sub(v128.load(later, 16), v128.load(earlier, 16)), units);
      word |= (within(a, low, high) | (within(b, low, high) << 2)) << j;
      later += 32;
      earlier += 32;
    }
    store<u32>(out, word);
    out += 4;
  }
}

export function notNaN(values: usize, out: usize, words: u32): void {
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 8) {
      word |=
        (there(v128.load(values)) |
          (there(v128.load(values, 16)) << 2) |
          (there(v128.load(values, 32)) << 4) |
          (there(v128.load(values, 48)) << 6)) <<
        j;
      values += 64;
    }
    store<u32>(out, word);
    out += 4;
  }
}

function there(two: v128): u32 {
  return v128.bitmask<i64>(f64x2.eq(two, two));
}

export function notZero16(codes: usize, out: usize, words: u32): void {
  const zero = i16x8.splat(0);
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 8) {
      word |= (<u32>v128.bitmask<i16>(v128.ne<i16>(v128.load(codes), zero))) << j;
      codes += 16;
    }
    store<u32>(out, word);
    out += 4;
  }
}

export function notZero32(codes: usize, out: usize, words: u32): void {
  const zero = i32x4.splat(0);
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 4) {
      word |= (<u32>v128.bitmask<i32>(v128.ne<i32>(v128.load(codes), zero))) << j;
      codes += 16;
    }
    store<u32>(out, word);
    out += 4;
  }
}

/** Bit r of the mask = table[offsets[heads[r]] + suffixes[r]]. */
export function byName(heads: usize, suffixes: usize, offsets: usize, table: usize, out: usize, words: u32): void {
  for (let w: u32 = 0; w < words; w++) {
    let word: u32 = 0;
    for (let j: u32 = 0; j < 32; j += 4) {
      word |=
        (mark(table, place(offsets, load<u32>(heads), load<u16>(suffixes))) |
          (mark(table, place(offsets, load<u32>(heads, 4), load<u16>(suffixes, 2))) << 1) |
          (mark(table, place(offsets, load<u32>(heads, 8), load<u16>(suffixes, 4))) << 2) |
          (mark(table, place(offsets, load<u32>(heads, 12), load<u16>(suffixes, 6))) << 3)) <<
        j;
      heads += 16;
      suffixes += 8;
    }
    store<u32>(out, word);
    out += 4;
  }
}

function place(offsets: usize, head: u32, suffix: u32): u32 {
  return load<u32>(offsets + ((<usize>head) << 2)) + suffix;
}

/** table[offsets[heads[r]] + suffixes[r]] |= 2 for every row: marks the pairs that occur. */
export function markNames(heads: usize, suffixes: usize, offsets: usize, table: usize, rows: u32): void {
  for (let r: u32 = 0; r < rows; r++) {
    const at = table + place(offsets, load<u32>(heads), load<u16>(suffixes));
    store<u8>(at, load<u8>(at) | 2);
    heads += 4;
    suffixes += 2;
  }
}
