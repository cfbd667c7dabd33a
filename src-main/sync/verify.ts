/**
 * Verification: finds changes that delta passes cannot see. Deleted rows, renames, changes from one terminal state to
 * another and late rows have no time to ask by. So windows of expected start are read whole, in turns, and compared with the archive;
 * counts, which are cheap, tell which windows to read first.
 */
import { formatTime } from '../contract/time.ts';
import type { Row } from '../prefect/client.ts';
import { scanAnchored } from './anchored.ts';
import { closeGap, END_OF_TIME } from './keyset.ts';
import { readNullStarts } from './nulls.ts';
import { keep, keeper, refetch, tried, type Pass, type RunEntity } from './pass.ts';
import { byOurClock, noteClock } from './state.ts';
import {
  cutWindows,
  harvested,
  HOUR,
  rowsIn,
  VERIFY_KEY,
  verifiedSince,
  type VerifyState,
  type Window,
} from './windows.ts';

const MINUTE = 60_000_000;
const DAY = 24 * HOUR;
/** Longest time between two readings of a window while syncs are frequent, µs. */
const ROUND = 0.8 * DAY;
/** Shortest time between two readings of a window, µs. */
const RESTED = HOUR;
/** µs between two comparisons of counts; each takes two requests when the counts are equal */
const COUNT_EVERY = 10 * MINUTE;
/** Age (µs) from which rows are counted. Younger ones still arrive and would make every count differ; delta passes read those. */
const SETTLED = 15 * MINUTE;
/** µs between two comparisons of the last hours: users report rows that arrive 15 to 45 minutes late (facts §10) */
const RECENT_EVERY = 2 * MINUTE;
/** µs of expected start that count as recent: most late rows are younger */
const RECENT = 2 * HOUR;
/** Age (µs) up to which each pass reads new rows anyway */
const ARRIVING = 2 * MINUTE;
/** µs; a stretch of the last hours that differs is halved down to this before it is read */
const SHORT = 8 * MINUTE;
/** Most requests spent on finding the windows whose counts differ; after them all windows of a differing stretch are taken to differ. */
const MOST_COUNTS = 64;
/** Most pages that one pass reads of windows whose counts differ; the next pass goes on. */
const MOST_DOUBTED = 100;
/** Further attempts at a count that fails: what it would prove is proved by reading, later. */
const COUNT_RETRIES = 2;
/** Windows that cannot be read, after which a pass compares no more: the route itself may fail. */
const MOST_FAILED = 3;

const runEntities = ['flow_run', 'task_run'] as const;

/** Compares windows with the server: all of them with `whole`, otherwise the share that gets through all within a day. */
export async function verify(pass: Pass, verify: VerifyState, whole: boolean): Promise<void> {
  const { sink, source, progress } = pass;
  if (!sink.ids || !sink.histogram) return;
  progress.step('verify');
  const now = clock(pass);
  const moved = runEntities.some((entity) => (verify[entity][0]?.from ?? null) !== pass.state.since);
  if (whole || moved || verify.planned === null || Math.abs(now - verify.planned) >= DAY) {
    for (const entity of runEntities)
      verify[entity] = cutWindows(await cuts(pass, entity), pass.state.since, verify[entity]);
    verify.planned = now;
  }
  for (const window of [...verify.task_run, ...verify.flow_run])
    // the server's clock was ahead when it was compared: in its turn it would come last for as long
    if (whole || (window.at !== null && window.at > now + DAY)) window.at = null;
  const isDue = (last: number | null, every: number) => !whole && (last === null || Math.abs(now - last) >= every);
  if (isDue(verify.counted, COUNT_EVERY)) {
    for (const entity of runEntities)
      await tried(pass, entity, 'counts', () => verifyCounts(pass, entity, verify[entity], now - SETTLED));
    verify.counted = now;
  }
  if (whole) verify.recent = now;
  else if (isDue(verify.recent, RECENT_EVERY)) {
    let agreed = true;
    for (const entity of runEntities)
      agreed = (await tried(pass, entity, 'recent', () => verifyRecent(pass, entity, now))) && agreed;
    if (agreed) verify.recent = now;
  }
  const pages = (window: Window) => Math.ceil((window.rows + 1) / source.limit);
  const all = runEntities.flatMap((entity) => verify[entity].map((window) => ({ entity, window })));
  const total = all.reduce((sum, { window }) => sum + pages(window), 0);
  let doubted = MOST_DOUBTED;
  let failed = 0;
  let due = Math.max(1, (total * (now - (verify.last ?? now))) / ROUND);
  if (whole) progress.expected(rowsOf(verify.task_run), rowsOf(verify.flow_run));
  for (const { entity, window } of oldestFirst(all, now, hasNoTimeFilter(pass) ? ROUND : RESTED)) {
    const cost = pages(window);
    if (!whole && window.at === null) {
      if (doubted <= 0) continue;
      doubted -= cost;
    } else if (!whole) {
      if (due <= 0) break;
      due -= cost;
    }
    // a window that cannot be read keeps none of the others from being compared
    if (!(await tried(pass, entity, 'window', () => verifyWindow(pass, entity, window)))) {
      if (++failed === MOST_FAILED) break;
      continue;
    }
    tell(pass, verify);
    await save(pass, verify);
  }
  verify.last = now;
  await save(pass, verify);
}

const clock = ({ source }: Pass): number => source.clock ?? Date.now() * 1000;

function tell({ source, state, progress }: Pass, verify: VerifyState): void {
  noteClock(state, source.ahead);
  progress.verifiedSince(byOurClock(verifiedSince(verify), state));
}

async function histogram({ sink }: Pass, entity: RunEntity): Promise<[number, number][]> {
  return (await sink.histogram?.(entity, HOUR)) ?? [];
}

/** Prefect 2.20 cannot be asked for task runs by time: all of them are one window. */
const hasNoTimeFilter = ({ state }: Pass): boolean => state.server?.features.expectedStart === false;

async function cuts(pass: Pass, entity: RunEntity): Promise<[number, number][]> {
  return entity === 'task_run' && hasNoTimeFilter(pass) ? [] : histogram(pass, entity);
}

/** Notes that rows read by a harvest that began at `started` (µs) count as compared. */
export async function verifiedByHarvest(pass: Pass, verify: VerifyState, started: number): Promise<void> {
  if (!pass.sink.histogram) return;
  await pass.outbox.flush();
  for (const entity of runEntities)
    verify[entity] = harvested(await cuts(pass, entity), pass.state.since, verify[entity], started);
  verify.planned = verify.counted = verify.recent = verify.last = clock(pass);
  tell(pass, verify);
  await save(pass, verify);
}

const rowsOf = (windows: readonly Window[]): number => windows.reduce((sum, { rows }) => sum + rows, 0);

function save({ outbox }: Pass, verify: VerifyState): Promise<void> {
  return outbox.push('flow', [], { [VERIFY_KEY]: structuredClone(verify) });
}

/** Ids of all flows and deployments that the server has; null: they could not be read. */
export type Parents = { flow: Set<string> | null; deployment: Set<string> | null };
type Piece = { entity: RunEntity; window: Window };

/** First the windows whose counts differ, newest first; then the others, longest uncompared first. */
function oldestFirst(all: readonly Piece[], now: number, rested: number): Piece[] {
  return all
    .filter(({ window: { at } }) => at === null || Math.abs(now - at) >= rested)
    .sort(({ window: a }, { window: b }) => {
      if (a.at !== b.at) return (a.at ?? -Infinity) - (b.at ?? -Infinity);
      return (b.from ?? -Infinity) - (a.from ?? -Infinity);
    });
}

/** The window's bounds as Prefect takes them, both included. */
function bounds({ from, to }: Pick<Window, 'from' | 'to'>): { low: string | null; high: string } {
  return { low: from === null ? null : formatTime(from), high: to === null ? END_OF_TIME : formatTime(to - 1) };
}

/** Reads a window whole. Rows that are kept there and were not among them have moved or are gone, and are asked for by id. */
async function verifyWindow(pass: Pass, entity: RunEntity, window: Window): Promise<void> {
  const { source, sink, outbox } = pass;
  const started = clock(pass);
  const { skips } = source;
  const seen = new Set<string>();
  const take: Parameters<typeof closeGap>[3] = (rows) => {
    const before = new Set(rows.map(({ value }) => value.id).filter((id) => seen.has(id)));
    for (const { value } of rows) seen.add(value.id);
    return keep(pass, entity, rows, (id) => !before.has(id)); // ties longer than a page are read again from their first row
  };
  if (entity === 'task_run' && hasNoTimeFilter(pass)) {
    await scanAnchored(source, { entity, sort: 'ID_DESC', criteria: {} }, (rows) => take(rows, null));
    await outbox.flush();
    const kept = [
      ...((await sink.ids?.(entity, { from: null, to: null })) ?? []),
      ...((await sink.ids?.(entity, 'without_start')) ?? []),
    ];
    await refetch(pass, entity, unseen(kept, seen));
  } else {
    const gap = bounds(window);
    await closeGap(source, { entity, column: 'expected_start_time', criteria: {}, lanes: 2 }, gap, take);
    await outbox.flush();
    const to = window.to === null ? null : window.to - 1;
    const kept = (await sink.ids?.(entity, { from: window.from, to })) ?? [];
    await refetch(pass, entity, unseen(kept, seen));
  }
  // rows that cannot be read are counted by the server for ever
  window.off = source.skips > skips ? null : 0;
  window.at = started;
}

/** The server's count of a stretch. Throws what the server answers instead. */
function countThere({ source }: Pass, entity: RunEntity, stretch: Pick<Window, 'from' | 'to'>): Promise<number> {
  const { low, high } = bounds(stretch);
  const time = { before_: high, ...(low === null ? {} : { after_: low }) };
  const options = { ...source.options, retries: COUNT_RETRIES };
  return source.client.count(entity, { [`${entity}s`]: { expected_start_time: time } }, options);
}

const unseen = (ids: readonly string[], seen: ReadonlySet<string>): string[] => ids.filter((id) => !seen.has(id));

/**
 * Compares the server's counts with the archive's, halves stretches that differ, and marks the differing windows (`at` null). Apart from
 * late rows the archive holds all rows that the server has, so equal counts mean equal rows; exceptions are found by the regular rounds.
 */
async function verifyCounts(pass: Pass, entity: RunEntity, windows: Window[], before: number): Promise<void> {
  if (entity === 'task_run' && hasNoTimeFilter(pass)) return;
  // the newest window is open: it is counted up to the last whole hour
  const hour = Math.floor(before / HOUR) * HOUR;
  const settled = windows.flatMap((window) => {
    if (window.to !== null && window.to <= before) return [{ window, from: window.from, to: window.to }];
    return (window.from ?? -Infinity) < hour ? [{ window, from: window.from, to: hour }] : [];
  });
  if (settled.length === 0) return;
  const kept = await histogram(pass, entity);
  let left = MOST_COUNTS;
  const differs = async (part: Stretch[]): Promise<void> => {
    if (part.length === 0) return;
    const [first, last] = [part[0], part.at(-1) as Stretch];
    if (left-- > 0) {
      const there = await countThere(pass, entity, { from: first.from, to: last.to });
      const here = part.reduce((sum, one) => sum + rowsIn(kept, one) + (one.window.off ?? NaN), 0);
      if (there === here) return;
      const [{ window }] = part;
      if (part.length === 1 && window.off === null) {
        window.off = there - rowsIn(kept, first);
        return;
      }
      if (part.length > 1) {
        await differs(part.slice(0, part.length >> 1));
        await differs(part.slice(part.length >> 1));
        return;
      }
    }
    for (const { window } of part) window.at = null;
  };
  await differs(settled);
}

type Stretch = Pick<Window, 'from' | 'to'> & { window: Window };

/** Compares the counts of the last hours, halves what differs, and reads it. Finds late rows and deletions within minutes. */
async function verifyRecent(pass: Pass, entity: RunEntity, now: number): Promise<void> {
  const { sink, state, outbox } = pass;
  if (entity === 'task_run' && hasNoTimeFilter(pass)) return;
  await outbox.flush();
  const end = now - ARRIVING;
  const begin = Math.max(now - RECENT, state.since ?? -Infinity);
  const verifyPart = async (from: number, to: number): Promise<void> => {
    const kept = (await sink.ids?.(entity, { from, to: to - 1 })) ?? [];
    if ((await countThere(pass, entity, { from, to })) === kept.length) return;
    if (to - from <= SHORT) return verifyWindow(pass, entity, { from, to, at: null, rows: kept.length, off: 0 });
    const middle = from + Math.floor((to - from) / 2);
    await verifyPart(from, middle);
    await verifyPart(middle, to);
  };
  if (begin < end) await verifyPart(begin, end);
}

/** Once a day: asks by id for kept flows and deployments that are not in `parents`, and for kept runs that are in no window. */
export async function verifyRest(pass: Pass, parents: Parents): Promise<void> {
  const { sink, source, outbox, state, progress } = pass;
  if (!sink.ids) return;
  progress.step('verify');
  await outbox.flush();
  for (const entity of ['deployment', 'flow'] as const) {
    const there = parents[entity];
    if (there) await refetch(pass, entity, unseen(await sink.ids(entity, 'all'), there));
  }
  for (const entity of runEntities) {
    const seen = new Set<string>();
    const take = (rows: Row[]) => {
      for (const { value } of rows) seen.add(value.id);
      return keeper(pass, entity)(rows);
    };
    // where it cannot be answered, kept ones are asked for by id
    await tried(pass, entity, 'without start', () => readNullStarts(source, entity, take));
    await outbox.flush();
    await refetch(pass, entity, unseen(await sink.ids(entity, 'without_start'), seen));
    // read as the parent of another run, and older than the archive's beginning
    if (state.since !== null) await refetch(pass, entity, await sink.ids(entity, { from: null, to: state.since - 1 }));
  }
}
