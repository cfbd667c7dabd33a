/** Two texts line by line, by the package `diff`, bounded so that the window never waits for it. */
import { diffArrays } from 'diff';

/** `left` and `right`: only there. `same`: in both; the text is the left one's. */
export type DiffLine = { kind: 'same' | 'left' | 'right'; text: string };
export type Folded = DiffLine | { same: number };

/** Lines of each text that are compared. */
export const MOST_LINES = 2000;
/** Lines that may differ: the work grows with their square, 600 take 15 ms. */
const MOST_EDITS = 600;
/** Characters of a line that are compared. */
const LONGEST = 500;
/** Lines that are the same around those that are not. */
const AROUND = 2;

/** The lines of several texts: a traceback in a log is many of them. */
export const linesOf = (texts: readonly string[]): string[] => texts.flatMap((text) => text.split(/\r?\n/));

/** Lines are the same when `mask` makes the same of them. null: too much differs. */
export function diffTexts(
  left: readonly string[],
  right: readonly string[],
  mask: (line: string) => string,
): DiffLine[] | null {
  const maskedOf = (lines: readonly string[]) => lines.map((line) => mask(line.slice(0, LONGEST)));
  const parts = diffArrays(maskedOf(left), maskedOf(right), { maxEditLength: MOST_EDITS });
  if (parts === undefined) return null;
  const lines: DiffLine[] = [];
  let [l, r] = [0, 0];
  for (const { count, added, removed } of parts) {
    const kind = removed ? 'left' : added ? 'right' : 'same';
    for (let i = 0; i < count; i++) lines.push({ kind, text: (kind === 'right' ? right[r + i] : left[l + i]) ?? '' });
    if (kind !== 'right') l += count;
    if (kind !== 'left') r += count;
  }
  return lines;
}

/** Stretches of lines that are the same as one entry each, but for those next to a difference. */
export function folded(lines: readonly DiffLine[]): Folded[] {
  const near = new Uint8Array(lines.length);
  lines.forEach(({ kind }, i) => {
    if (kind !== 'same') near.fill(1, Math.max(0, i - AROUND), i + AROUND + 1);
  });
  const out: Folded[] = [];
  for (let i = 0; i < lines.length;) {
    let to = i;
    while (to < lines.length && near[to] === 0) to++;
    if (to - i > 1) out.push({ same: to - i });
    else if (to > i) out.push(lines[i]);
    if (to < lines.length) out.push(lines[to]);
    i = to + 1;
  }
  return out;
}

/** A log line without what differs from run to run: times, ids, numbers, and the three digits that Prefect ends a name with. */
export function masked(line: string): string {
  return line
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>')
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '<id>')
    .replace(/0x[0-9a-f]+/gi, '<n>')
    .replace(/-[0-9a-f]{3}\b/g, '-<n>')
    .replace(/\d+(?:[.,:]\d+)*/g, '<n>');
}
