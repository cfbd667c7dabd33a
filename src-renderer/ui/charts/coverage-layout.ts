/** Arithmetic of the coverage strip: a column per span, oldest first, all of one width. Times in µs, lengths in px. */
import type { CoverageSpan } from '../../../src-main/contract/sync.ts';
import { offsetMinutes } from '../../../src-main/contract/zone.ts';
import { dayParts, formatDay, type Zone } from '../../format.ts';

/** checked: found the same as on the server; here: all read, not yet checked; partial: not all read. */
export type SpanState = 'checked' | 'here' | 'partial';

export function spanState(span: CoverageSpan): SpanState {
  if (!span.complete) return 'partial';
  return span.verified === null ? 'here' : 'checked';
}

export const spanWords: Record<SpanState, string> = {
  checked: 'Checked with the server',
  here: 'All here, not yet checked',
  partial: 'Not all here yet',
};

/** Where room is short. */
export const shortWords: Record<SpanState, string> = {
  checked: 'Checked',
  here: 'Not yet checked',
  partial: 'Not all here',
};

/** Least height of a bar with runs, px: one run among a million is still seen. */
const LEAST = 1.5;

/** Runs in an ended state, unfinished and gone: stacked from the ground up, in px of `height`. */
type Stack = { settled: number; unfinished: number; gone: number };

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

const DAY = 86_400_000_000;
const wholeDays = ({ from, to }: { from: number; to: number }) => from % DAY === 0 && to % DAY === 0;

/**
 * `Mon 23 Nov`, `17 – 23 Nov`: what a span covers, as a person would say it. The core counts by days of UTC, so those are named,
 * and said to be so where the person's clock has another zone.
 */
export function spanTitle(span: { from: number; to: number }, zone: Zone, now: number): string {
  const { from, to } = span;
  const days = wholeDays(span);
  const own = days ? 'UTC' : zone;
  const note = days && offsetMinutes(from, zone) !== 0 ? ' UTC' : '';
  const [first, last] = [dayParts(from, own), dayParts(to - 1, own)];
  const [a, b] = [formatDay(from, own, now), formatDay(to - 1, own, now)];
  if (a === b) return `${first.weekday} ${a}${note}`;
  if (first.month === last.month && first.year === last.year) return `${first.day} – ${b}${note}`;
  return `${a} – ${b}${note}`;
}

/** What a label takes with the room after it, and alone, in px. */
const LABEL_PX = 74;
const WORDS_PX = 48;

type StripTick = { index: number; label: string };

/** The oldest column is always named, so that "since when" can be read off. */
export function stripTicks(spans: readonly CoverageSpan[], width: number, zone: Zone, now: number): StripTick[] {
  if (spans.length === 0) return [];
  const each = Math.max(1, Math.ceil(LABEL_PX / (width / spans.length)));
  const ticks: StripTick[] = [];
  for (let index = 0; index < spans.length; index += each) {
    const span = spans[index];
    if (span && (index === 0 || ((spans.length - index) / spans.length) * width >= WORDS_PX))
      ticks.push({ index, label: formatDay(span.from, wholeDays(span) ? 'UTC' : zone, now) });
  }
  return ticks;
}
