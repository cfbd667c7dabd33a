/** A stable sort of rows by a 64-bit key of two words, 11 bits at a time: 2,048 counters stay in the first-level cache. */

const DIGIT: u32 = 11;
const BUCKETS: u32 = 1 << DIGIT;
/** Digits of a word; the last one has 10 bits. */
const DIGITS: u32 = 3;

/**
 * Sorts ascending. Takes two sets of three arrays of n words; the second set is for the sorting alone. `counts` must hold 6 · 2,048 words
 * of zeros. A digit that is the same in every key is passed over. Returns 1 when the result is in the second set.
 */
export function radixSort(
  rows: usize,
  hi: usize,
  lo: usize,
  rows2: usize,
  hi2: usize,
  lo2: usize,
  n: u32,
  counts: usize,
): u32 {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 4) {
    const low = load<u32>(lo + i);
    const high = load<u32>(hi + i);
    for (let d: u32 = 0; d < DIGITS; d++) {
      add(counter(counts, d, low >> (d * DIGIT)));
      add(counter(counts, d + DIGITS, high >> (d * DIGIT)));
    }
  }
  let turned: u32 = 0;
  for (let d: u32 = 0; d < DIGITS * 2; d++) {
    const inHigh = d >= DIGITS;
    const shift = (d % DIGITS) * DIGIT;
    const first = load<u32>(inHigh ? hi : lo) >> shift;
    if (load<u32>(counter(counts, d, first)) == n) continue;
    let sum: u32 = 0;
    for (let b: u32 = 0; b < BUCKETS; b++) {
      const at = counter(counts, d, b);
      const size = load<u32>(at);
      store<u32>(at, sum);
      sum += size;
    }
    for (let i: usize = 0; i < (<usize>n) << 2; i += 4) {
      const high = load<u32>(hi + i);
      const low = load<u32>(lo + i);
      const place = counter(counts, d, (inHigh ? high : low) >> shift);
      const to = (<usize>load<u32>(place)) << 2;
      add(place);
      store<u32>(rows2 + to, load<u32>(rows + i));
      store<u32>(hi2 + to, high);
      store<u32>(lo2 + to, low);
    }
    let other = rows;
    rows = rows2;
    rows2 = other;
    other = hi;
    hi = hi2;
    hi2 = other;
    other = lo;
    lo = lo2;
    lo2 = other;
    turned ^= 1;
  }
  return turned;
}

function counter(counts: usize, digit: u32, value: u32): usize {
  return counts + ((((<usize>digit) << DIGIT) + (value & (BUCKETS - 1))) << 2);
}

function add(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}
