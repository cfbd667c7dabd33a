/**
 * Delta pass: reads what is new or has changed since the last pass, in a handful of requests.
 * New rows are found by expected start, running ones by state, ended ones by end time. Rows that are unfinished in the archive and in none
 * of these lists are asked for by id; old ones less often.
 */
import { formatTime } from '../contract/time.ts';
import { scanAnchored } from './anchored.ts';
import { closeGap, END_OF_TIME, type Gap, type Walk } from './keyset.ts';
import { keep, keeper, refetch, type Pass, type RunEntity } from './pass.ts';
import { Unanswerable } from './source.ts';

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** µs. A row may arrive this much later than its own times say: clients buffer events, clocks differ, the server's recorder lags. */
const WIDE_OVERLAP = 15 * MINUTE;
const NARROW_OVERLAP = 2 * MINUTE;
/** µs between two passes with the wide overlap: in every pass, at one each 30 s, the overlap would be most of the traffic. */
const WIDE_EVERY = 5 * MINUTE;

/** All state types but COMPLETED, FAILED, CANCELLED and CRASHED. The server refuses names that it does not know. */
const unfinishedTypes = ['SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED', 'CANCELLING'];

/** How far back this pass must look (`from`, µs); `wide`: the next ones may look less far. `now`: µs by the server's clock. */
export function reach(through: number, wide: number | null, now: number): { from: number; wide: boolean } {
  // the server's clock was set back: times it now calls the future are not read yet
  const last = Math.min(wide ?? through, now);
  if (wide === null || Math.abs(now - wide) >= WIDE_EVERY) return { from: last - WIDE_OVERLAP, wide: true };
  return { from: Math.min(through, now) - NARROW_OVERLAP, wide: false };
}

/**
 * How often (µs) unfinished runs of an age (µs) are asked for: about every three hundredth of their age. A run that has been Running for weeks
 * hardly changes in the next minute, and 5,000 of them are 25 pages. Its end is found by end time all the same.
 */
const tiers = [
  { age: 6 * HOUR, every: 0 },
  { age: DAY, every: 5 * MINUTE },
  { age: 7 * DAY, every: 30 * MINUTE },
  { age: Infinity, every: 3 * HOUR },
];

/**
 * Since when (µs) an unfinished run must have begun or changed to be asked for in this pass; null: all are. `last`, and `asked` for the next
 * pass: when each age was asked for, youngest first. `now`: µs by the server's clock.
 */
export function unfinishedDue(last: readonly number[], now: number): { since: number | null; asked: number[] } {
  const due = tiers.findLastIndex(({ every }, i) => last[i] === undefined || Math.abs(now - last[i]) >= every);
  const age = tiers[due]?.age ?? 0;
  return { since: age === Infinity ? null : now - age, asked: tiers.map((_, i) => (i <= due ? now : last[i])) };
}

/** One table's changes since `from` (µs), and its unfinished runs that have begun or changed since `young` (µs; null: all). */
export async function readDelta(pass: Pass, entity: RunEntity, from: number, young: number | null): Promise<void> {
  const { source, sink, state } = pass;
  const features = state.server?.features;
  const seen = new Set<string>();
  const low = formatTime(from);
  const walk = (column: Walk['column'], criteria: Walk['criteria'], gap: Gap, whole = false) =>
    closeGap(source, { entity, column, criteria, lanes: 1, whole }, gap, (rows) => {
      const before = new Set(rows.map(({ value }) => value.id).filter((id) => seen.has(id)));
      for (const { value } of rows) seen.add(value.id);
      return keep(pass, entity, rows, (id) => !before.has(id));
    });
  const unfinished = { state: { type: { any_: unfinishedTypes } } };
  const since = { low, high: END_OF_TIME };

  if (entity === 'task_run' && features?.expectedStart === false) {
    // 2.20 has no time filter on task runs: reads those of recent flow runs, and all unfinished ones
    const take = keeper(pass, entity);
    const of = (after_: string) => ({ flow_runs: { expected_start_time: { after_ } } });
    const old = young === null ? {} : { others: of(formatTime(young)) };
    for (const scan of [
      { criteria: {}, others: of(low) },
      { criteria: unfinished, ...old },
    ])
      for (const id of await scanAnchored(source, { entity, sort: 'ID_DESC', ...scan }, take)) seen.add(id);
  } else {
    await walk('expected_start_time', {}, since);
    // the later ones have just been read
    const earlier = { low: young === null ? null : formatTime(young), high: low };
    if (young === null || young < from)
      await unlessUnanswered(pass, `${entity} state`, () => walk('expected_start_time', unfinished, earlier, true));
  }
  if (entity === 'task_run' ? features?.taskRunEnd !== false : features?.flowRunEnd !== false)
    await unlessUnanswered(pass, `${entity} end_time`, () => walk('end_time', {}, since, true));

  if (!sink.unfinished) return;
  await pass.outbox.flush();
  const left = (await sink.unfinished(entity, young)).filter((id) => !seen.has(id));
  await refetch(pass, entity, left);
}

/** Asks a question that asking for the unfinished runs by id can replace. Servers with many runs answer some questions with a time-out only. */
async function unlessUnanswered({ state, progress }: Pass, question: string, ask: () => Promise<void>): Promise<void> {
  const unanswered = state.server?.unanswered;
  if (unanswered?.includes(question)) return;
  try {
    await ask();
  } catch (thrown) {
    if (!(thrown instanceof Unanswerable) || !unanswered) throw thrown;
    unanswered.push(question);
    progress.waiting(null);
  }
}
