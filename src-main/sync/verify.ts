/**
 * Pass V of prefect-api-facts §6: finds what delta passes cannot see. Deleted rows, renames, changes from one terminal state to
 * another and rows that came too late have no time to ask by, so windows of expected start are read whole, in turns, and
 * compared with what is kept; counts, which are cheap, tell which windows to read first.
 */
import { formatTime } from '../contract/time.ts';
import { scanAnchored } from './anchored.ts';
import { closeGap, END_OF_TIME } from './keyset.ts';
import { readNullStarts } from './nulls.ts';
import { keep, keeper, refetch, type Pass, type RunEntity } from './pass.ts';
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
/** µs. Every window is read at least this often, if the passes come often enough; none more often than hourly. */
const ROUND = 0.8 * DAY;
const RESTED = HOUR;
/** µs between two comparisons of counts: two requests when nothing is amiss */
const COUNT_EVERY = 10 * MINUTE;
/** µs. Younger rows are still coming in and would make every count differ; delta passes look at those. */
const SETTLED = 15 * MINUTE;
/** Requests spent on finding the windows whose counts differ; the rest of a stretch that differs is taken to differ. */
const MOST_COUNTS = 64;
/** Pages of windows whose counts differ that one pass reads; the next pass goes on. */
const MOST_DOUBTED = 100;

const runEntities = ['flow_run', 'task_run'] as const;

/** `whole`: every window now, whatever it costs. Otherwise a share that gets round in a day. */
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
  if (whole) for (const entity of runEntities) for (const window of verify[entity]) window.at = null;
  else if (verify.counted === null || now - verify.counted >= COUNT_EVERY) {
    for (const entity of runEntities) await compareCounts(pass, entity, verify[entity], now - SETTLED);
    verify.counted = now;
  }
  const pages = (window: Window) => Math.ceil((window.rows + 1) / source.limit);
  const all = runEntities.flatMap((entity) => verify[entity].map((window) => ({ entity, window })));
  const total = all.reduce((sum, { window }) => sum + pages(window), 0);
  let doubted = MOST_DOUBTED;
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
    await compareWindow(pass, entity, window);
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

/** Prefect 2.20 cannot be asked for task runs by time: they are one window. */
const hasNoTimeFilter = ({ state }: Pass): boolean => state.server?.features.expectedStart === false;

async function cuts(pass: Pass, entity: RunEntity): Promise<[number, number][]> {
  return entity === 'task_run' && hasNoTimeFilter(pass) ? [] : histogram(pass, entity);
}

/** What a harvest that began at `started` (µs) has read is as good as compared. */
export async function verifiedByHarvest(pass: Pass, verify: VerifyState, started: number): Promise<void> {
  if (!pass.sink.histogram) return;
  await pass.outbox.flush();
  for (const entity of runEntities)
    verify[entity] = harvested(await cuts(pass, entity), pass.state.since, verify[entity], started);
  verify.planned = verify.counted = verify.last = clock(pass);
  tell(pass, verify);
  await save(pass, verify);
}

const rowsOf = (windows: readonly Window[]): number => windows.reduce((sum, { rows }) => sum + rows, 0);

function save({ outbox }: Pass, verify: VerifyState): Promise<void> {
  return outbox.push('flow', [], { [VERIFY_KEY]: structuredClone(verify) });
}

/** Ids of all the server has. */
export type Parents = { flow: Set<string>; deployment: Set<string> };
type Piece = { entity: RunEntity; window: Window };

/** Those in doubt, the newest of them first, then those not compared for longest. */
function oldestFirst(all: readonly Piece[], now: number, rested: number): Piece[] {
  return all
    .filter(({ window: { at } }) => at === null || Math.abs(now - at) >= rested)
    .sort(({ window: a }, { window: b }) => {
      if (a.at !== b.at) return (a.at ?? -Infinity) - (b.at ?? -Infinity);
      return (b.from ?? -Infinity) - (a.from ?? -Infinity);
    });
}

/** The window's own bounds as Prefect takes them, both included. */
function bounds({ from, to }: Pick<Window, 'from' | 'to'>): { low: string | null; high: string } {
  return { low: from === null ? null : formatTime(from), high: to === null ? END_OF_TIME : formatTime(to - 1) };
}

/** Reads a window whole; what is kept there and was not among it is asked for by id: moved, or gone. */
async function compareWindow(pass: Pass, entity: RunEntity, window: Window): Promise<void> {
  const { source, sink, outbox } = pass;
  const started = clock(pass);
  const seen = new Set<string>();
  const take: Parameters<typeof closeGap>[3] = (rows) => {
    const before = new Set(rows.map(({ value }) => value.id).filter((id) => seen.has(id)));
    for (const { value } of rows) seen.add(value.id);
    return keep(pass, entity, rows, (id) => !before.has(id)); // ties longer than a page are read again from their first
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
  window.at = started;
}

const unseen = (ids: readonly string[], seen: ReadonlySet<string>): string[] => ids.filter((id) => !seen.has(id));

/**
 * Compares the server's counts with what is kept, halving what differs, and puts the windows that differ in doubt. The archive
 * holds at least what the server has, but for rows that came late, so equal counts of a stretch mean equal rows there;
 * where that does not hold, the rounds find it.
 */
async function compareCounts(pass: Pass, entity: RunEntity, windows: Window[], before: number): Promise<void> {
  const { source } = pass;
  if (entity === 'task_run' && hasNoTimeFilter(pass)) return;
  const settled = windows.filter(({ to }) => to !== null && to <= before);
  if (settled.length === 0) return;
  const kept = await histogram(pass, entity);
  let left = MOST_COUNTS;
  const differs = async (part: Window[]): Promise<void> => {
    if (part.length === 0) return;
    const [first, last] = [part[0], part.at(-1) as Window];
    if (left-- > 0) {
      const { low, high } = bounds({ from: first.from, to: last.to });
      const time = { before_: high, ...(low === null ? {} : { after_: low }) };
      const there = await source.client.count(
        entity,
        { [`${entity}s`]: { expected_start_time: time } },
        source.options,
      );
      if (there === part.reduce((sum, window) => sum + rowsIn(kept, window), 0)) return;
      if (part.length > 1) {
        await differs(part.slice(0, part.length >> 1));
        await differs(part.slice(part.length >> 1));
        return;
      }
    }
    for (const window of part) window.at = null;
  };
  await differs(settled);
}

/** Flows, deployments and runs without expected start that are kept but were not among `there`: asked for by id. Once a day. */
export async function compareRest(pass: Pass, parents: Parents): Promise<void> {
  const { sink, source, outbox, state, progress } = pass;
  if (!sink.ids) return;
  progress.step('verify');
  await outbox.flush();
  for (const entity of ['deployment', 'flow'] as const)
    await refetch(pass, entity, unseen(await sink.ids(entity, 'all'), parents[entity]));
  for (const entity of runEntities) {
    const seen = new Set<string>();
    await readNullStarts(source, entity, (rows) => {
      for (const { value } of rows) seen.add(value.id);
      return keeper(pass, entity)(rows);
    });
    await outbox.flush();
    await refetch(pass, entity, unseen(await sink.ids(entity, 'without_start'), seen));
    // fetched as somebody's parent, from before the archive begins: in no window
    if (state.since !== null) await refetch(pass, entity, await sink.ids(entity, { from: null, to: state.since - 1 }));
  }
}
