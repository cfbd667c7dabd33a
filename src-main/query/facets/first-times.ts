/**
 * The smallest value of a column among the listed rows of each code of another, kept right as rows change: a pass over a million rows
 * takes 6 ms, 14 the first time, and after every commit the window asks which failures are new.
 */
import type { Bits } from '../columns/row-set.ts';
import type { NumberColumn } from '../columns/columns.ts';
import type { Coded } from '../columns/code-counts.ts';

/** `gone`: the code whose smallest value has left, until a row brings one as small; -1: none. Two of them, and all is counted anew. */
type Kept = { of: NumberColumn; first: number[]; gone: number };

export class Firsts {
  readonly #kept = new Map<Coded, Kept>();

  /** By code, for the first `values` codes at least; Infinity where no listed row has the code and a value. */
  by(column: Coded, of: NumberColumn, listed: Bits, values: number): readonly number[] {
    let kept = this.#kept.get(column);
    if (kept?.of !== of || kept.gone !== -1) {
      kept = { of, first: smallest(column.codes, of.values, listed, values), gone: -1 };
      this.#kept.set(column, kept);
    }
    reach(kept.first, values);
    return kept.first;
  }

  /** Before a listed row changes or goes. Most that change come back with the same value and code. */
  leave(rid: number): void {
    for (const [column, kept] of this.#kept) {
      const code = column.codes[rid];
      if (kept.of.get(rid) !== kept.first[code]) continue;
      if (kept.gone === -1) kept.gone = code;
      else this.#kept.delete(column);
    }
  }

  /** After a row has changed or come, if it is listed. */
  enter(rid: number): void {
    for (const [{ codes }, kept] of this.#kept) {
      const code = codes[rid];
      const value = kept.of.get(rid); // NaN is not smaller
      reach(kept.first, code + 1);
      if (!(value <= kept.first[code])) continue;
      kept.first[code] = value;
      if (kept.gone === code) kept.gone = -1;
    }
  }
}

/** As few calls as can be: it is run once, and what runs once is hardly compiled. */
function smallest(codes: Coded['codes'], of: Float64Array, listed: Bits, values: number): number[] {
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
