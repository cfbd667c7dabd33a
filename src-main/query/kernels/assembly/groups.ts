/**
 * Figures of task runs in groups. The groups of a row follow from its code: they are items[starts[code] … starts[code + 1]), or without
 * `starts` the code itself. What is known of one group stands together, because groups come in any order and each array would be another
 * place in memory. Times are µs, NaN for none.
 */
import { bit } from './bits';

/** Bytes of one group's figures: u32 runs, failed, retried, timed; f64 total and longest duration, last start. */
const FIGURES: usize = 40;
/** Bytes of one group's ranks: u32 rows met, the two ranks that are looked for, the rows found there. */
const RANKS: usize = 20;

/**
 * Adds the rows of a mask to the figures of their groups. `longest` and `last` must hold NaN before, and span[0] and span[1] +∞ and −∞: they
 * get the first and the last start. failed[state] is 1 for states that count as failed.
 */
export function countGroups(
  codes: usize,
  isWide: u32,
  starts: usize,
  items: usize,
  states: usize,
  isWideState: u32,
  failed: usize,
  attempts: usize,
  begins: usize,
  ends: usize,
  mask: usize,
  words: u32,
  figures: usize,
  span: usize,
): void {
  let low = load<f64>(span);
  let high = load<f64>(span, 8);
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask + ((<usize>w) << 2));
    while (word != 0) {
      const row = ((<usize>w) << 5) + <usize>ctz(word);
      word &= word - 1;
      const code = codeOf(codes, isWide, row);
      const isFailed = <u32>load<u8>(failed + codeOf(states, isWideState, row));
      const isRetried = u32(load<f64>(attempts + (row << 3)) > 1);
      const begin = load<f64>(begins + (row << 3));
      const duration = load<f64>(ends + (row << 3)) - begin;
      if (begin < low) low = begin;
      if (begin > high) high = begin;
      let at = itemsOf(starts, items, code);
      const past = itemsPast(starts, items, code);
      for (; at < past; at += 4) {
        const own = figures + groupAt(starts, at, code) * FIGURES;
        store<u32>(own, load<u32>(own) + 1);
        store<u32>(own, load<u32>(own, 4) + isFailed, 4);
        store<u32>(own, load<u32>(own, 8) + isRetried, 8);
        if (begin != begin) continue;
        if (!(begin <= load<f64>(own, 32))) store<f64>(own, begin, 32);
        if (duration != duration) continue;
        store<u32>(own, load<u32>(own, 12) + 1, 12);
        store<f64>(own, load<f64>(own, 16) + duration, 16);
        if (!(duration <= load<f64>(own, 24))) store<f64>(own, duration, 24);
      }
    }
  }
  store<f64>(span, low);
  store<f64>(span, high, 8);
}

/**
 * For each of the rows[0, n) in order that is in the mask, in each of its groups: where the number of rows met is one of the two ranks, the row is
 * what was looked for.
 */
export function rankGroups(
  rows: usize,
  n: u32,
  mask: usize,
  codes: usize,
  isWide: u32,
  starts: usize,
  items: usize,
  ranks: usize,
): void {
  for (const end = rows + ((<usize>n) << 2); rows < end; rows += 4) {
    const row = load<u32>(rows);
    if (!bit(mask, row)) continue;
    const code = codeOf(codes, isWide, row);
    let at = itemsOf(starts, items, code);
    const past = itemsPast(starts, items, code);
    for (; at < past; at += 4) {
      const own = ranks + groupAt(starts, at, code) * RANKS;
      const met = load<u32>(own) + 1;
      store<u32>(own, met);
      if (met == load<u32>(own, 4)) store<u32>(own, row, 12);
      if (met == load<u32>(own, 8)) store<u32>(own, row, 16);
    }
  }
}

/** columns[place · perPlace + (begin − from) / step] += 1 for the rows of a mask and each of their groups with a place above 0. No row begins before `from`. */
export function drawGroups(
  codes: usize,
  isWide: u32,
  starts: usize,
  items: usize,
  places: usize,
  begins: usize,
  mask: usize,
  words: u32,
  from: f64,
  step: f64,
  perPlace: u32,
  columns: usize,
): void {
  for (let w: u32 = 0; w < words; w++) {
    let word = load<u32>(mask + ((<usize>w) << 2));
    while (word != 0) {
      const row = ((<usize>w) << 5) + <usize>ctz(word);
      word &= word - 1;
      const begin = load<f64>(begins + (row << 3));
      if (begin != begin) continue;
      const code = codeOf(codes, isWide, row);
      // of times beyond 2^53 µs, after the year 2255, the quotient may be rounded up
      const column = <usize>min<u32>(<u32>((begin - from) / step), perPlace - 1);
      let at = itemsOf(starts, items, code);
      const past = itemsPast(starts, items, code);
      for (; at < past; at += 4) {
        const place = <usize>load<u32>(places + (groupAt(starts, at, code) << 2));
        if (place == 0) continue;
        const count = columns + ((place * perPlace + column) << 2);
        store<u32>(count, load<u32>(count) + 1);
      }
    }
  }
}

/** The groups of a code are read from here to before `itemsPast`, 4 bytes each; without `starts` that is one place which nothing is read from. */
function itemsOf(starts: usize, items: usize, code: usize): usize {
  return starts ? items + ((<usize>load<u32>(starts + (code << 2))) << 2) : 0;
}

function itemsPast(starts: usize, items: usize, code: usize): usize {
  return starts ? items + ((<usize>load<u32>(starts + (code << 2), 4)) << 2) : 4;
}

function groupAt(starts: usize, at: usize, code: usize): usize {
  return starts ? <usize>load<u32>(at) : code;
}

function codeOf(codes: usize, isWide: u32, row: usize): usize {
  return isWide ? <usize>load<u32>(codes + (row << 2)) : <usize>load<u16>(codes + (row << 1));
}
