/**
 * How many listed rows of a table have each code of a column. The counts are updated as rows change, because every facet needs them after
 * every commit, and counting a million rows takes about 1 ms a column.
 */
import type { RowSet } from './row-set.ts';
import { countCodes } from './counting.ts';
import { GrowingList } from './growing-list.ts';

/** A column of codes. `codes` is replaced by another array when the column grows. */
export type Coded = { readonly codes: Uint16Array | Uint32Array };

export class CodeCounts {
  readonly #kept = new Map<Coded, GrowingList>();

  /** A copy of the counts of the first `values` codes. The first call for a column counts all rows of `listed`. */
  of(column: Coded, listed: RowSet, values: number): Uint32Array<ArrayBuffer> {
    let counts = this.#kept.get(column);
    if (!counts) {
      counts = new GrowingList(countCodes(column.codes, listed, values));
      this.#kept.set(column, counts);
    }
    counts.reach(values);
    return counts.words.slice(0, values);
  }

  /** Takes a listed row out, before it changes or is removed. */
  remove(rid: number): void {
    for (const [{ codes }, counts] of this.#kept) counts.words[codes[rid]] -= 1;
  }

  /** Puts a listed row in, after it has changed or was added. */
  add(rid: number): void {
    for (const [{ codes }, counts] of this.#kept) {
      counts.reach(codes[rid] + 1);
      counts.words[codes[rid]] += 1;
    }
  }
}
