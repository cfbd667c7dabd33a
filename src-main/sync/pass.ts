/** What the steps of one sync share, and the ways in which they hand rows on. */
import type { Entity } from '../contract/fields.ts';
import type { SkippedRow } from '../contract/sync.ts';
import type { Row } from '../prefect/client.ts';
import { isRouteFailure } from '../prefect/failures.ts';
import { timeOf } from '../prefect/rows.ts';
import type { Outbox } from './outbox.ts';
import type { Progress } from './progress.ts';
import { answered, skip, unskip } from './skipped.ts';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';
import { STATE_KEY, type SyncState } from './state.ts';

export type RunEntity = 'task_run' | 'flow_run';

export type Pass = {
  source: Source;
  sink: Sink;
  outbox: Outbox;
  progress: Progress;
  /** changed by the steps; every page is stored together with a copy of it */
  state: SyncState;
};

/**
 * Hands rows to the archive with the state as it is now. No await may stand between a change of the state and this call, or rows and state
 * would be stored out of order. `isFirst`: false for a row that this step has read before, which is not counted again.
 */
export function keep(
  pass: Pass,
  entity: Entity,
  rows: Row[],
  isFirst: (id: string) => boolean = () => true,
): Promise<void> {
  const { outbox, progress, state } = pass;
  if (entity === 'task_run')
    for (const row of rows) {
      const time = timeOf(row, 'expected_start_time');
      if (!Number.isNaN(time) && (state.oldest === null || time < state.oldest)) state.oldest = time;
    }
  unskip(pass, entity, rows);
  progress.received(entity, rows.filter(({ value }) => isFirst(value.id)).length);
  return outbox.push(entity, rows, { [STATE_KEY]: structuredClone(state) });
}

export function keeper(pass: Pass, entity: Entity): (rows: Row[]) => Promise<void> {
  return (rows) => keep(pass, entity, rows);
}

const PORTION = 1000;

/** Reads rows by id; rows that the server does not have are marked gone. */
export async function refetch(pass: Pass, entity: Entity, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  // in portions of 1000: when this is cut short, only the last portion is asked for again
  for (let from = 0; from < ids.length; from += PORTION) {
    const gone = await pass.source.byIds(entity, ids.slice(from, from + PORTION), keeper(pass, entity));
    if (gone.length === 0) continue;
    await pass.outbox.flush();
    await pass.sink.markGone(entity, gone, pass.source.clock ?? Date.now() * 1000);
  }
}

/**
 * Does what one question is needed for; returns false when the server does not answer it, which is noted until it does and stops nothing
 * else. `question`: tells those of one entity apart.
 */
export async function tried(
  pass: Pass,
  entity: SkippedRow['entity'],
  question: string,
  work: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await work();
    answered(pass, entity, question);
    return true;
  } catch (thrown) {
    if (!isRouteFailure(thrown)) throw thrown;
    skip(pass, entity, null, thrown.message, question);
    return false;
  }
}

/** Reads rows that kept rows refer to and no harvest brought: their expected start is missing or older than `since`, or they are new. */
export async function fillStubs(pass: Pass): Promise<void> {
  const { outbox, sink, source } = pass;
  if (!sink.stubs) return;
  // children before parents: a flow run read here may name a flow that is not known either
  for (const entity of ['task_run', 'flow_run', 'deployment', 'flow'] as const) {
    let asked = new Set<string>();
    for (;;) {
      await outbox.flush();
      const ids = (await sink.stubs(entity, source.limit)).filter((id) => !asked.has(id));
      if (ids.length === 0) break;
      asked = new Set([...asked, ...ids]);
      if (!(await tried(pass, entity, 'stubs', () => refetch(pass, entity, ids)))) break;
    }
  }
}
