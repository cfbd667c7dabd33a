/**
 * Rows ordered by a two-part name without building a million strings: rows of one head sort by their suffix, and heads
 * sort among themselves, except where one head can be the beginning of another's names ("load-", "load-daily-"). Such
 * neighbours share a rank, and only their rows are compared as whole names.
 */
import type { Dialect } from '../../contract/query.ts';
import { textOrder } from '../language/collation.ts';
import type { TextColumn } from '../columns/columns.ts';
import { radixSort } from './radix.ts';

/** Sorts rows that all have a name, in place and stable. */
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

/** `shared[rank]` is set where several heads have one rank. */
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
  // what everything of the open group begins with; in sorted order whatever begins with it follows it directly
  let open: string | null = null;
  // the collation of the head before cannot be told from its letters: its next neighbour may belong to it
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

/** Letters that decide first in an ICU collation; null when they cannot be told from the text alone. */
function primaryKey(head: string): string | null {
  return /^[\x20-\x7e]*$/.test(head) ? head.toLowerCase() : null;
}
