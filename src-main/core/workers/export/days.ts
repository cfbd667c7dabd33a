/** Rows by the day on which they were expected to start, in UTC, for a folder with a file a day. */
import { formatTime } from '../../../contract/time.ts';
import type { Value } from '../../../export/cells.ts';

const MICROS_PER_DAY = 86_400_000_000;
/** What is in such a folder. */
export const DAY_FOLDER = /^day=/;
/** Hive's name for rows without a value, which readers know. */
const NO_DAY = '__HIVE_DEFAULT_PARTITION__';

/** Each day's rows in the order in which they stand in `order`, the days ascending; last those without a time. */
export function* daysOf(
  order: Uint32Array,
  time: (rid: number) => Value,
): Generator<{ name: string; order: Uint32Array }> {
  const dayOf = (rid: number): number => {
    const micros = time(rid);
    return typeof micros === 'number' ? Math.floor(micros / MICROS_PER_DAY) : Infinity;
  };
  // asked once: a commit may come between two days
  const days = Float64Array.from(order, dayOf);
  const counts = new Map<number, number>();
  for (const day of days) counts.set(day, (counts.get(day) ?? 0) + 1);
  const starts = new Map<number, number>();
  let start = 0;
  for (const day of [...counts.keys()].sort((a, b) => a - b)) {
    starts.set(day, start);
    start += counts.get(day) as number;
  }
  const ends = new Map(starts);
  const sorted = new Uint32Array(order.length);
  days.forEach((day, i) => {
    const place = ends.get(day) as number;
    sorted[place] = order[i];
    ends.set(day, place + 1);
  });
  for (const [day, from] of starts) {
    const text = day === Infinity ? NO_DAY : formatTime(day * MICROS_PER_DAY).slice(0, -'T00:00:00.000000Z'.length);
    yield { name: `day=${text}/runs.parquet`, order: sorted.subarray(from, ends.get(day)) };
  }
}
