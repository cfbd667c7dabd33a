/**
 * Cuts the time axis into windows that are compared with the server, and remembers when each was last compared. The windows of one table
 * touch each other and cover all time from `since` on.
 */
import { z } from 'zod';

export const VERIFY_KEY = 'verify';

/** µs. Windows are made of whole hours: two months of an archive are 1,440 of them. */
export const HOUR = 3_600_000_000;
/** Rows in a window, about: ten pages, so that one window fits into a pass of every 30 s. */
const ROWS = 2000;

const windowSchema = z.object({
  /** `from` ≤ expected start < `to`, µs; null: no bound */
  from: z.number().nullable(),
  to: z.number().nullable(),
  /** µs by the server's clock when the last whole comparison began; null: never compared, or counts differ */
  at: z.number().nullable(),
  /** rows at the time of the cut: what comparing the window will cost */
  rows: z.number(),
  /** rows that the server counts more than are kept, since they cannot be read. null: the next count tells */
  off: z.number().nullable().default(0),
});
export type Window = z.infer<typeof windowSchema>;
type Compared = Pick<Window, 'from' | 'to' | 'at'> & { off?: number | null };

const verifyStateSchema = z.object({
  v: z.literal(1),
  task_run: z.array(windowSchema),
  flow_run: z.array(windowSchema),
  /** µs by the server's clock: when the windows were last cut anew, and when counts were last compared */
  planned: z.number().nullable(),
  counted: z.number().nullable(),
  /** µs by the server's clock; up to here the counts of the last hours have agreed, or what differed was read. null: not compared yet */
  recent: z.number().nullable().default(null),
  /** µs by the server's clock at the end of the last pass; the time since then is the budget for the next windows */
  last: z.number().nullable(),
});
export type VerifyState = z.infer<typeof verifyStateSchema>;

export const freshVerify = (): VerifyState => ({
  v: 1,
  task_run: [],
  flow_run: [],
  planned: null,
  counted: null,
  recent: null,
  last: null,
});

/** Anything else under the key becomes a fresh state: all is compared again, which costs requests and loses nothing. */
export function parseVerify(stored: unknown): VerifyState {
  const parsed = verifyStateSchema.safeParse(stored);
  return parsed.success ? parsed.data : freshVerify();
}

export type Histogram = readonly (readonly [start: number, rows: number])[];

/** Windows from `since` (µs, null: the beginning) to the end of time. Each takes over the oldest `at` of the old windows it overlaps. */
export function cutWindows(histogram: Histogram, since: number | null, old: readonly Compared[]): Window[] {
  const edges: number[] = [];
  let rows = 0;
  for (const [start, count] of histogram) {
    if (since !== null && start < since) continue;
    if (rows > 0 && rows + count > ROWS) {
      edges.push(start);
      rows = 0;
    }
    rows += count;
  }
  const windows: Window[] = [];
  let from = since;
  for (const to of [...edges, null]) {
    const same = old.find((one) => one.from === from && one.to === to);
    windows.push({
      from,
      to,
      at: atOf(old, from, to),
      rows: rowsIn(histogram, { from, to }),
      off: same?.off === undefined ? 0 : same.off,
    });
    from = to;
  }
  return windows;
}

/** The oldest comparison among the windows a stretch overlaps; null when a part of it was never compared. */
export function atOf(windows: readonly Compared[], from: number | null, to: number | null): number | null {
  const low = from ?? -Infinity;
  const high = to ?? Infinity;
  let covered = low;
  let at = Infinity;
  for (const one of windows) {
    const start = one.from ?? -Infinity;
    const end = one.to ?? Infinity;
    if (end <= low || start >= high) continue;
    if (start > covered || one.at === null) return null;
    at = Math.min(at, one.at);
    covered = end;
  }
  return covered >= high && at < Infinity ? at : null;
}

/** Number of rows that a histogram has in a window; the window's bounds are whole hours. */
export function rowsIn(histogram: Histogram, { from, to }: Pick<Window, 'from' | 'to'>): number {
  let rows = 0;
  for (const [start, count] of histogram)
    if ((from === null || start >= from) && (to === null || start < to)) rows += count;
  return rows;
}

/** The windows after a harvest that began at `started`: rows that it read count as compared. */
export function harvested(
  histogram: Histogram,
  since: number | null,
  old: readonly Window[],
  started: number,
): Window[] {
  const first = old[0];
  const read: Compared[] = first
    ? [{ from: since, to: first.from, at: started }, ...old]
    : [{ from: since, to: null, at: started }];
  return cutWindows(histogram, since, read);
}

/** µs; all windows have been compared since then. null: not all have been compared. */
export function verifiedSince({ task_run, flow_run }: VerifyState): number | null {
  const all = [...task_run, ...flow_run].map(({ at }) => at);
  if (all.length === 0 || all.includes(null)) return null;
  return Math.min(...(all as number[]));
}
