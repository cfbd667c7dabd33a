/** How much of the server's history the archive holds, when it was verified, and how much of it still changes. Counts come from the index, the rest from the state of the sync. */
import { terminalStateTypes } from '../../contract/fields.ts';
import { TRUE, type Condition, type Histogram } from '../../contract/query.ts';
import type { Coverage, CoverageSpan } from '../../contract/sync.ts';
import { parseTime } from '../../contract/time.ts';
import type { Engine } from '../../query/engine.ts';
import type { Reader } from '../../store/read/reader.ts';
import { byOurClock, parseState, STATE_KEY, type SyncState } from '../../sync/state.ts';
import { atOf, parseVerify, VERIFY_KEY } from '../../sync/windows.ts';

/** µs. */
const DAY = 86_400_000_000;
/** Spans that fit side by side on a screen. */
const MOST_SPANS = 400;
/** Lengths of a span, µs; the shortest that needs at most MOST_SPANS is taken. */
const units = [DAY, 7 * DAY, 30 * DAY, 365 * DAY];
/** Share of the runs at either end that may lie outside the spans, so that a single run of the year 9999 does not stretch them. */
const OUTLIERS = 0.001;

const gone: Condition = { field: 'gone', isNull: false };

export function coverage(engine: Engine, reader: Reader): Coverage {
  const state = parseState(reader.state(STATE_KEY));
  const verified = parseVerify(reader.state(VERIFY_KEY));
  const count = (where: Condition) => engine.count('task_run', where, 0);
  const grid = gridOf(engine);
  const counted = (where: Condition) => (grid ? histogramOf(engine, where, grid) : null);
  const [all, lost] = [counted(TRUE), counted(gone)];
  const spans: CoverageSpan[] = [];
  for (let i = 0; all && i < (grid?.buckets ?? 0); i++) {
    const from = all.from + i * all.step;
    const to = from + all.step;
    const sum = (histogram: Histogram | null, unfinished = false) =>
      (histogram?.series ?? [])
        .filter(({ state_type }) => !unfinished || !terminalStateTypes.includes(state_type ?? ''))
        .reduce((total, { counts }) => total + (counts[i] ?? 0), 0);
    spans.push({
      ...{ from, to, runs: sum(all), gone: sum(lost), unfinished: sum(all, true) - sum(lost, true) },
      complete: isComplete(state, from, to),
      verified: byOurClock(atOf(verified.task_run, Math.max(from, state.since ?? from), to), state),
    });
  }
  const unfinished: Condition = { not: { field: 'state_type', in: [...terminalStateTypes] } };
  return {
    spans: spans.reverse(),
    runs: count(TRUE),
    gone: count(gone),
    unfinished: count({ and: [unfinished, { not: gone }] }),
    without_start: count({ field: 'expected_start_time', isNull: true }),
    with_activity: reader.activities(),
  };
}

type Grid = { from: number; to: number; buckets: number };

/** Whole days, weeks, months or years from the first run to the last; null when no run has an expected start. */
function gridOf(engine: Engine): Grid | null {
  const field = 'expected_start_time';
  const where: Condition = { field, isNull: false };
  const { order, count } = engine.ask({ where, sort: [{ field, dir: 'asc' }], now: 0 });
  if (count === 0) return null;
  const timeOf = engine.accessor(field, 'task_run');
  const at = (i: number) => timeOf(order[i]) as number;
  const grid = (low: number, high: number): Grid | null => {
    for (const unit of units) {
      const from = Math.floor(low / unit) * unit;
      const buckets = Math.floor((high - from) / unit) + 1;
      if (buckets <= MOST_SPANS) return { from, to: from + buckets * unit - 1, buckets };
    }
    return null;
  };
  const cut = Math.ceil(count * OUTLIERS);
  const [low, high] = [at(0), at(count - 1)];
  return (
    grid(low, high) ??
    grid(at(Math.min(cut, count - 1)), at(Math.max(0, count - 1 - cut))) ?? { from: low, to: high, buckets: MOST_SPANS }
  );
}

function histogramOf(engine: Engine, where: Condition, grid: Grid): Histogram | null {
  return engine.ask({ where, sort: [], now: 0, histogram: { field: 'expected_start_time', ...grid } }).histogram;
}

/** True when a harvest has read the whole span: it reaches back far enough and left no gap there. `from` and `to` in µs. */
function isComplete({ open, since, through }: SyncState, from: number, to: number): boolean {
  if (through === null && !open) return false;
  if (since !== null && to <= since) return false;
  const gaps = open?.task_run ?? [];
  return !gaps.some(({ low, high }) => {
    const [start, end] = [low === null ? null : parseTime(low), parseTime(high)];
    return (end === null || end >= from) && (start === null || start < to);
  });
}
