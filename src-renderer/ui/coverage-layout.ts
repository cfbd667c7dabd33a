/** Arithmetic of the coverage strip: a column per span, oldest first, all of one width. Times in µs, lengths in px. */
import type { CoverageSpan } from '../../src-main/contract/sync.ts';
import { dayParts, formatDay, type Zone } from '../format.ts';

/** compared: the same as on the server when last asked; here: all read, not yet compared; partial: not all read. */
export type SpanState = 'compared' | 'here' | 'partial';

export function spanState(span: CoverageSpan): SpanState {
  if (!span.complete) return 'partial';
  return span.verified === null ? 'here' : 'compared';
}

export const spanWords: Record<SpanState, string> = {
  compared: 'Compared with the server',
  here: 'All here, not yet compared',
  partial: 'Not all here yet',
};

/** A count of one among a million is still drawn this high. */
const LEAST = 1.5;

/** Runs in an ended state, unfinished and gone: stacked from the ground up, in px of `height`. */
export type Stack = { settled: number; unfinished: number; gone: number };

export function stacks(spans: readonly CoverageSpan[], height: number): Stack[] {
  const most = Math.max(1, ...spans.map((one) => one.runs));
  const tall = (count: number) => (count <= 0 ? 0 : Math.max(LEAST, (count / most) * height));
  return spans.map((one) => {
    // a run that is gone in the middle of its work is only counted as gone
    const gone = Math.min(one.gone, one.runs);
    const unfinished = Math.min(one.unfinished, one.runs - gone);
    return { settled: tall(one.runs - gone - unfinished), unfinished: tall(unfinished), gone: tall(gone) };
  });
}

/** `Mon 23 Nov`, `17 – 23 Nov`, `August 2026`: what a span covers, as a person would say it. */
export function spanTitle({ from, to }: { from: number; to: number }, zone: Zone, now: number): string {
  const [first, last] = [dayParts(from, zone), dayParts(to - 1, zone)];
  const a = formatDay(from, zone, now);
  const b = formatDay(to - 1, zone, now);
  if (a === b) return `${first.weekday} ${a}`;
  if (first.month === last.month && first.year === last.year) return `${first.day} – ${b}`;
  return `${a} – ${b}`;
}

/** Room a label needs, in px. */
const LABEL_PX = 74;

export type StripTick = { index: number; label: string };

/** The oldest column is always named, so that "since when" can be read off. */
export function stripTicks(spans: readonly CoverageSpan[], width: number, zone: Zone, now: number): StripTick[] {
  if (spans.length === 0) return [];
  const each = Math.max(1, Math.ceil(LABEL_PX / (width / spans.length)));
  const ticks: StripTick[] = [];
  for (let index = 0; index < spans.length; index += each) {
    const span = spans[index];
    if (span && (index === 0 || ((spans.length - index) / spans.length) * width >= LABEL_PX))
      ticks.push({ index, label: formatDay(span.from, zone, now) });
  }
  return ticks;
}
