/**
 * Delta pass: reads what is new or has changed since the last pass, in a handful of requests.
 * New rows are found by expected start, running ones by state, ended ones by end time. Rows that are unfinished in the archive and in none
 * of these lists are asked for by id.
 */
import { formatTime } from '../contract/time.ts';
import { scanAnchored } from './anchored.ts';
import { closeGap, END_OF_TIME, type Walk } from './keyset.ts';
import { keep, keeper, refetch, type Pass, type RunEntity } from './pass.ts';
import { Unanswerable } from './source.ts';

const MINUTE = 60_000_000;
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

/** One table's changes since `from` (µs). */
export async function readDelta(pass: Pass, entity: RunEntity, from: number): Promise<void> {
  const { source, sink, state } = pass;
  const features = state.server?.features;
  const seen = new Set<string>();
  const low = formatTime(from);
  const walk = (column: Walk['column'], criteria: Walk['criteria'], bottom: string | null, whole = false) =>
    closeGap(source, { entity, column, criteria, lanes: 1, whole }, { low: bottom, high: END_OF_TIME }, (rows) => {
      const before = new Set(rows.map(({ value }) => value.id).filter((id) => seen.has(id)));
      for (const { value } of rows) seen.add(value.id);
      return keep(pass, entity, rows, (id) => !before.has(id));
    });
  const unfinished = { state: { type: { any_: unfinishedTypes } } };

  if (entity === 'task_run' && features?.expectedStart === false) {
    // 2.20 has no time filter on task runs: reads those of recent flow runs, and all unfinished ones
    const take = keeper(pass, entity);
    const others = { flow_runs: { expected_start_time: { after_: low } } };
    for (const scan of [{ criteria: {}, others }, { criteria: unfinished }])
      for (const id of await scanAnchored(source, { entity, sort: 'ID_DESC', ...scan }, take)) seen.add(id);
  } else {
    await walk('expected_start_time', {}, low);
    await unlessUnanswered(pass, `${entity} state`, () => walk('expected_start_time', unfinished, null, true));
  }
  if (entity === 'task_run' ? features?.taskRunEnd !== false : features?.flowRunEnd !== false)
    await unlessUnanswered(pass, `${entity} end_time`, () => walk('end_time', {}, low, true));

  if (!sink.unfinished) return;
  await pass.outbox.flush();
  const left = (await sink.unfinished(entity)).filter((id) => !seen.has(id));
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
