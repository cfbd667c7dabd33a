/** Arithmetic of the histogram: bars, axis ticks, the short table for screen readers. Times in µs, lengths in px. */
import type { Histogram } from '../../../src-main/contract/query.ts';
import { offsetMinutes } from '../../../src-main/contract/zone.ts';
import { dayParts, type Zone } from '../../format.ts';
import { stateOrder } from '../../state-look.ts';

export type Series = { state: string | null; counts: number[] };

/** In the order they are stacked, from the axis up: what needs a person is never pushed out of sight. */
export function stackedSeries(data: Histogram): Series[] {
  const rank = (state: string | null) => {
    const place = stateOrder.findIndex((one) => one === state);
    return place < 0 ? stateOrder.length : place;
  };
  return data.series
    .map(({ state_type, counts }) => ({ state: state_type, counts }))
    .sort((a, b) => rank(a.state) - rank(b.state));
}

/** Runs in each bucket, of all states. */
export function bucketTotals(series: readonly Series[], buckets: number): number[] {
  return Array.from({ length: buckets }, (_, i) => series.reduce((sum, { counts }) => sum + (counts[i] ?? 0), 0));
}

/** Least height of a bar with runs, px: one run among a million is still seen. */
const LEAST = 1.5;

/** One SVG path per series. Bars share `width` evenly, with a gap once there is room for one. */
export function barPaths(series: readonly Series[], buckets: number, width: number, height: number): string[] {
  const most = Math.max(1, ...bucketTotals(series, buckets));
  const step = width / buckets;
  const gap = step >= 6 ? 2 : step >= 3 ? 1 : 0;
  const grounds = new Array<number>(buckets).fill(0);
  return series.map(({ counts }) => {
    let path = '';
    for (let i = 0; i < buckets; i += 1) {
      const count = counts[i] ?? 0;
      if (count === 0) continue;
      const ground = grounds[i] ?? 0;
      const tall = Math.min(height - ground, Math.max(LEAST, (count / most) * height));
      if (tall <= 0) continue;
      grounds[i] = ground + tall;
      const left = round(i * step);
      path += `M${left} ${round(height - ground)}v${-round(tall)}h${round(step - gap)}v${round(tall)}z`;
    }
    return path;
  });
}

/** Completed runs are most of them, and the least news. */
export const barOpacity = (state: string | null): number => (state === 'COMPLETED' ? 0.5 : 0.85);

const round = (value: number) => Math.round(value * 100) / 100;

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const steps = [
  ...[1, 2, 5, 10, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 4, 7, 14, 28, 91, 182, 364].map((n) => n * DAY),
];

/** Room a label needs, in px. */
const LABEL_PX = 92;

type Tick = { at: number; label: string };

/** Ticks at whole steps of the person's own clock; a label names the day where it is new. */
export function axisTicks(from: number, to: number, width: number, zone: Zone): Tick[] {
  const room = Math.max(1, Math.floor(width / LABEL_PX));
  const span = to - from;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const step = steps.find((one) => span / one <= room) ?? Math.ceil(span / room / DAY) * DAY;
  const ticks: Tick[] = [];
  const shift = (at: number) => offsetMinutes(at, zone) * MINUTE;
  let day = '';
  // by the local clock, so that a day begins at midnight also after the clocks were changed
  for (let local = Math.ceil((from + shift(from)) / step) * step; ; local += step) {
    const guess = local - shift(from);
    const at = local - shift(guess);
    if (at > to || ticks.length > room + 1) break;
    if (at < from) continue;
    const parts = dayParts(at, zone);
    const today = `${parts.day} ${parts.month}`;
    let label: string;
    if (step >= 91 * DAY) label = `${parts.month} ${parts.year}`;
    else if (step >= DAY) label = today;
    else {
      const clock = step < MINUTE ? parts.clock : parts.hm;
      label = today === day ? clock : span > 6 * DAY ? `${today} ${clock}` : `${parts.weekday} ${clock}`;
    }
    day = today;
    ticks.push({ at, label });
  }
  return ticks;
}

type TableRow = { from: number; to: number; counts: number[]; total: number };

/** At most `rows` lines, so that the table can be listened to. Buckets without runs are left out. */
export function tableRows(data: Histogram, series: readonly Series[], rows = 24): TableRow[] {
  const buckets = series[0]?.counts.length ?? 0;
  const each = Math.max(1, Math.ceil(buckets / rows));
  const list: TableRow[] = [];
  for (let first = 0; first < buckets; first += each) {
    const last = Math.min(first + each, buckets);
    const counts = series.map((one) => one.counts.slice(first, last).reduce((a, b) => a + b, 0));
    const total = counts.reduce((a, b) => a + b, 0);
    if (total > 0) list.push({ from: data.from + first * data.step, to: data.from + last * data.step, counts, total });
  }
  return list;
}

/** `Mon 23 Nov 02:10 – 02:25`; with seconds when a bucket is under a minute. All in µs. */
export function rangeWords(from: number, to: number, step: number, zone: Zone): string {
  const [a, b] = [dayParts(from, zone), dayParts(to, zone)];
  const fine = step < 60_000_000;
  const clock = (parts: typeof a) => (fine ? parts.clock : parts.hm);
  const day = (parts: typeof a) => `${parts.weekday} ${parts.day} ${parts.month}`;
  if (day(a) === day(b)) return `${day(a)} ${clock(a)} – ${clock(b)}`;
  return `${day(a)} ${clock(a)} – ${day(b)} ${clock(b)}`;
}

/** Runs of each state in the buckets first to last, both inclusive; states without any are left out. */
export function countsWithin(
  series: readonly Series[],
  first: number,
  last: number,
): { state: string | null; count: number }[] {
  return series
    .map(({ state, counts }) => ({ state, count: counts.slice(first, last + 1).reduce((a, b) => a + b, 0) }))
    .filter(({ count }) => count > 0);
}
