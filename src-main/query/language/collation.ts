/** The order of text in the two databases that a Prefect server runs on. */
import type { Dialect } from '../../contract/query.ts';

type CompareText = (a: string, b: string) => number;

/** UTF-16 order differs from code point order only between surrogates and U+E000–U+FFFF; this swaps the two ranges. */
const fixUp = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

/** SQLite's BINARY collation: memcmp of UTF-8, which is code point order. */
function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return fixUp(x) - fixUp(y);
  }
  return a.length - b.length;
}

/** PostgreSQL with an ICU or glibc en_US collation. Like PostgreSQL, strings that collate alike are then compared by their bytes. */
const collator = new Intl.Collator('en-US');

function compareCollated(a: string, b: string): number {
  return collator.compare(a, b) || compareCodePoints(a, b);
}

export function textOrder(dialect: Dialect): CompareText {
  return dialect === 'sqlite' ? compareCodePoints : compareCollated;
}

/** SQLite sorts a null below every value, PostgreSQL above. */
export function nullsFirst(dialect: Dialect, dir: 'asc' | 'desc'): boolean {
  return (dialect === 'sqlite') === (dir === 'asc');
}
