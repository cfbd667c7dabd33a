/**
 * The smallest value of a column among the listed rows of each code of another, kept right as rows change: a pass over a million rows
 * takes about 3 ms, and after every commit the window asks which failures are new.
 */
import type { Bits } from './bits.ts';
import type { NumberColumn } from './columns.ts';
import type { Coded } from './tallies.ts';

type Kept = { of: NumberColumn; first: number[] };

export class Firsts {
  readonly #kept = new Map<Coded, Kept>();

  /** By code, for the first `values` codes at least; Infinity where no listed row has the code and a value. */
  by(column: Coded, of: NumberColumn, listed: Bits, values: number): readonly number[] {
    let kept = this.#kept.get(column);
    if (kept?.of !== of) {
      kept = { of, first: [] };
      this.#kept.set(column, kept);
      reach(kept.first, values);
      smallest(kept.first, column.codes, of.values, listed);
    }
    reach(kept.first, values);
    return kept.first;
  }

  /** Before a listed row changes or goes. Which row is the next smallest is found when it is asked for. */
  leave(rid: number): void {
    for (const [column, { of, first }] of this.#kept)
      if (of.get(rid) === first[column.codes[rid]]) this.#kept.delete(column);
  }

  /** After a row has changed or come, if it is listed. */
  enter(rid: number): void {
    for (const [{ codes }, kept] of this.#kept) take(kept, codes[rid], rid);
  }
}

/** As few calls as can be: it is run once, and what runs once is hardly compiled. */
function smallest(first: number[], codes: Coded['codes'], values: Float64Array, listed: Bits): void {
  if (values.length === 0) return;
  for (let word = 0; word < listed.length; word++) {
    let rest = listed[word];
    for (let rid = word * 32; rest !== 0; rid++, rest >>>= 1)
      if ((rest & 1) === 1 && values[rid] < first[codes[rid]]) first[codes[rid]] = values[rid];
  }
}

function take({ of, first }: Kept, code: number, rid: number): void {
  const value = of.get(rid); // NaN is not smaller
  if (code >= first.length) reach(first, code + 1);
  if (value < first[code]) first[code] = value;
}

function reach(first: number[], values: number): void {
  while (first.length < values) first.push(Infinity);
}
