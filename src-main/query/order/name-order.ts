/**
 * Sorts rows by their two-part names without building a million strings. Heads are sorted, and rows of one head are sorted by suffix. Where
 * one head is the beginning of another ("load-", "load-daily-"), names of both may mix: such heads share a rank, and only their rows are
 * compared as whole names.
 */
import type { Dialect } from '../../contract/query.ts';
import { textOrder } from '../language/collation.ts';
import type { TextColumn } from '../columns/columns.ts';
import { radixSort } from './radix.ts';

/** A stable sort in place. Every row must have a name. */
export function sortByName(
  rows: Uint32Array<ArrayBuffer>,
  column: TextColumn,
  dialect: Dialect,
  descending: boolean,
): void {
  const { names, heads, suffixes } = column;
  const compare = textOrder(dialect);
  const used = new Uint8Array(names.heads.length);
  for (const row of rows) used[heads[row]] = 1;
  const { ranks, shared } = headRanks(names.heads, used, dialect);
  const suffixRanks = ranksOf(names.suffixes, compare);
  const turn = descending ? 0xffffffff : 0;
  const hi = new Uint32Array(rows.length);
  const lo = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const rank = ranks[heads[rows[i]]];
    hi[i] = (rank ^ turn) >>> 0;
    lo[i] = shared[rank] ? 0 : (suffixRanks[suffixes[rows[i]]] ^ turn) >>> 0;
  }
  radixSort(rows, hi, lo);
  const rankAt = (i: number) => ranks[heads[rows[i]]];
  for (let start = 0; start < rows.length;) {
    const rank = rankAt(start);
    if (!shared[rank]) {
      start++;
      continue;
    }
    let end = start + 1;
    while (end < rows.length && rankAt(end) === rank) end++;
    sortWhole(rows.subarray(start, end), column, compare, descending);
    start = end;
  }
}

function sortWhole(
  rows: Uint32Array,
  column: TextColumn,
  compare: (a: string, b: string) => number,
  descending: boolean,
): void {
  const named = Array.from(rows, (row) => ({ row, name: column.text(row)! }));
  named.sort((a, b) => (descending ? compare(b.name, a.name) : compare(a.name, b.name)));
  for (let i = 0; i < named.length; i++) rows[i] = named[i].row;
}

function ranksOf(texts: readonly string[], compare: (a: string, b: string) => number): Uint32Array {
  const order = texts.map((_, i) => i).sort((a, b) => compare(texts[a], texts[b]));
  const ranks = new Uint32Array(texts.length);
  order.forEach((code, rank) => (ranks[code] = rank));
  return ranks;
}

/** Ranks of the used heads; `shared[rank]` is 1 where several heads have one rank. */
function headRanks(
  heads: readonly string[],
  used: Uint8Array,
  dialect: Dialect,
): { ranks: Uint32Array; shared: Uint8Array } {
  const compare = textOrder(dialect);
  const order: number[] = [];
  for (let head = 1; head < heads.length; head++) if (used[head]) order.push(head);
  order.sort((a, b) => compare(heads[a], heads[b]));
  const ranks = new Uint32Array(heads.length);
  const shared = new Uint8Array(order.length + 1);
  // the common beginning of the heads of the present rank; sorted, all heads with that beginning are neighbours
  let open: string | null = null;
  // the collation of the head before is unknown: the next head may mix with it
  let unsure = false;
  let rank = 0;
  for (const head of order) {
    const key = dialect === 'sqlite' ? heads[head] : primaryKey(heads[head]);
    const inside = key !== null && open !== null && key.startsWith(open);
    if (rank > 0 && (inside || unsure || key === null)) shared[rank] = 1;
    else rank++;
    if (key !== null && !inside) open = key;
    unsure = key === null;
    ranks[head] = rank;
  }
  return { ranks, shared };
}

/** The letters that an ICU collation compares first; null for text that is not plain ASCII, where they are unknown. */
function primaryKey(head: string): string | null {
  return /^[\x20-\x7e]*$/.test(head) ? head.toLowerCase() : null;
}
