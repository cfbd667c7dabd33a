/** Counts of the codes of a mask's rows. A word of the mask without a row costs one comparison. */
import { bit } from './bits';

/**
 * counts[code · 4 + k] += 1 for the rows of a mask. k cycles through 0 to 3: nine in ten rows have the same state, and with one counter a
 * code each addition would wait for the one before.
 */
export function countFew(codes: usize, mask: usize, words: u32, counts: usize): void {
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask);
    while (word != 0) {
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 4));
      word &= word - 1;
      if (word == 0) break;
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 4) + 4);
      word &= word - 1;
      if (word == 0) break;
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 4) + 8);
      word &= word - 1;
      if (word == 0) break;
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 4) + 12);
      word &= word - 1;
    }
    mask += 4;
    codes += 64;
  }
}

export function count16(codes: usize, mask: usize, words: u32, counts: usize): void {
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask);
    while (word != 0) {
      add(counts + ((<usize>load<u16>(codes + ((<usize>ctz(word)) << 1))) << 2));
      word &= word - 1;
    }
    mask += 4;
    codes += 64;
  }
}

export function count32(codes: usize, mask: usize, words: u32, counts: usize): void {
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask);
    while (word != 0) {
      add(counts + ((<usize>load<u32>(codes + ((<usize>ctz(word)) << 2))) << 2));
      word &= word - 1;
    }
    mask += 4;
    codes += 128;
  }
}

/** Writes the smallest and the largest value of a mask's rows to out[0] and out[1], which must hold +∞ and −∞ before. NaN is left out. */
export function extent(values: usize, mask: usize, words: u32, out: usize): void {
  let low = load<f64>(out);
  let high = load<f64>(out, 8);
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask);
    while (word != 0) {
      const v = load<f64>(values + ((<usize>ctz(word)) << 3));
      if (v < low) low = v;
      if (v > high) high = v;
      word &= word - 1;
    }
    mask += 4;
    values += 256;
  }
  store<f64>(out, low);
  store<f64>(out, high, 8);
}

/**
 * counts[bucket · types + code] += 1 for the rows of a mask with from ≤ value < end. Returns the number of rows that have a value. The
 * quotient is below 500 and exact, because both sides are whole numbers below 2^53.
 */
export function countBuckets(
  values: usize,
  codes: usize,
  mask: usize,
  words: u32,
  from: f64,
  end: f64,
  step: f64,
  types: u32,
  counts: usize,
): u32 {
  let valued: u32 = 0;
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask);
    while (word != 0) {
      const j = <usize>ctz(word);
      const v = load<f64>(values + (j << 3));
      valued += u32(v == v);
      if (v >= from && v < end)
        add(counts + ((<usize>(<u32>((v - from) / step) * types + load<u16>(codes + (j << 1)))) << 2));
      word &= word - 1;
    }
    mask += 4;
    values += 256;
    codes += 64;
  }
  return valued;
}

/** out[codes[r]] += counts[r] for rows in `listed`, out[0] += counts[r] for other rows. Row 0 stands for "no row" and is left out. */
export function fold32(codes: usize, listed: usize, counts: usize, rows: u32, out: usize): void {
  for (let r: u32 = 1; r < rows; r++) {
    const n = load<u32>(counts + ((<usize>r) << 2));
    if (n == 0) continue;
    const place = out + ((<usize>(load<u32>(codes + ((<usize>r) << 2)) & (0 - bit(listed, r)))) << 2);
    store<u32>(place, load<u32>(place) + n);
  }
}

function add(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}
