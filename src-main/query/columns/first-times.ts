/**
 * The first time of each code: for one column of codes, the smallest value of a time column among the listed rows that have the code. It
 * is updated as rows change, because the window asks after every commit which failures are new, and a pass over a million rows takes 6 ms
 * (14 the first time).
 */
import type { RowSet } from './row-set.ts';
import type { NumberColumn } from './columns.ts';
import type { Coded } from './code-counts.ts';

/**
 * `first`: by code. `lost`: the code whose first row was taken out, until a row with a value as small is put in; -1: none. When a second
 * code loses its first row, everything is computed anew.
 */
type Kept = { of: NumberColumn; first: number[]; lost: number };

export class FirstTimes {
  readonly #kept = new Map<Coded, Kept>();

  /** First values by code, for at least `values` codes; Infinity where no listed row has the code and a value. */
  by(column: Coded, of: NumberColumn, listed: RowSet, values: number): readonly number[] {
    let kept = this.#kept.get(column);
    if (kept?.of !== of || kept.lost !== -1) {
      kept = { of, first: smallest(column.codes, of.values, listed, values), lost: -1 };
      this.#kept.set(column, kept);
    }
    reach(kept.first, values);
    return kept.first;
  }

  /** Takes a listed row out, before it changes or is removed. Most changed rows are put in again with the same value and code. */
  remove(rid: number): void {
    for (const [column, kept] of this.#kept) {
      const code = column.codes[rid];
      if (kept.of.get(rid) !== kept.first[code]) continue;
      if (kept.lost === -1) kept.lost = code;
      else this.#kept.delete(column);
    }
  }

  /** Puts a listed row in, after it has changed or was added. */
  add(rid: number): void {
    for (const [{ codes }, kept] of this.#kept) {
      const code = codes[rid];
      const value = kept.of.get(rid); // NaN is not smaller
      reach(kept.first, code + 1);
      if (!(value <= kept.first[code])) continue;
      kept.first[code] = value;
      if (kept.lost === code) kept.lost = -1;
    }
  }
}

/** One loop without calls: it runs once, so V8 hardly compiles it, and calls would stay slow. */
function smallest(codes: Coded['codes'], of: Float64Array, listed: RowSet, values: number): number[] {
  const first = new Array<number>(values).fill(Infinity);
  if (of.length === 0) return first;
  for (let word = 0; word < listed.length; word++) {
    let rest = listed[word];
    for (let rid = word * 32; rest !== 0; rid++, rest >>>= 1)
      if ((rest & 1) === 1 && of[rid] < first[codes[rid]]) first[codes[rid]] = of[rid];
  }
  return first;
}

function reach(first: number[], values: number): void {
  while (first.length < values) first.push(Infinity);
}
