/**
 * Work pools and work queues. No reply tells what has changed in them, but they are few: all queues are read in every pass, one
 * request as long as they fit a page. A pool has at least one queue and never another name, so pools, whose templates are large, are
 * read when a queue came or went, and every ten minutes for the rest.
 */
import { z } from 'zod';
import type { DocumentKind } from '../contract/fields.ts';
import type { DocumentRow } from '../prefect/client.ts';
import { isBadAnswer } from '../prefect/failures.ts';
import { scanAnchored, scanPages } from './anchored.ts';
import { keeper, tried, type Pass } from './pass.ts';
import { noneSkipped } from './skipped.ts';
import type { DocumentChanges } from '../contract/archive.ts';
import type { Source } from './source.ts';

export const POOLS_KEY = 'pools';

const MINUTE = 60_000_000;
/** µs */
const POOLS_EVERY = 10 * MINUTE;
/** µs; when the queues are more than a page, each pool is asked for its own queues */
const MANY_QUEUES_EVERY = 60 * MINUTE;
/** µs; time until a server that showed no pools is asked again */
const ABSENT_FOR = 60 * MINUTE;
/** Most flow runs of renamed queues that are read anew in the same pass (ten pages); more are left to the verification. */
const FEW_RUNS = 2000;
const time = z.number().nullable();
/** µs by the server's clock: when all pools, and all queues of more than a page, were last read; when the server last had none to show */
const poolsStateSchema = z.object({ v: z.literal(1), pools: time, many_queues: time, absent: time });
type PoolsState = z.infer<typeof poolsStateSchema>;

/** `stored`: what was last committed under POOLS_KEY. What cannot be read is noted. Returns true when a queue was renamed or a queue or pool was deleted: rows that show its name must be read again. */
export async function readPools(pass: Pass, stored: unknown, whole: boolean): Promise<boolean> {
  const { source, sink } = pass;
  if (!sink.replaceDocuments) return false;
  const parsed = poolsStateSchema.safeParse(stored);
  const state: PoolsState = parsed.success ? parsed.data : { v: 1, pools: null, many_queues: null, absent: null };
  const due = (last: number | null, every: number) => whole || last === null || Math.abs(clock(source) - last) >= every;
  if (state.absent !== null && !due(state.absent, ABSENT_FOR)) return false;
  let moved = false;
  await tried(pass, 'work_queue', 'all', async () => {
    try {
      moved = await readDue(pass, state, due);
    } catch (thrown) {
      // a pool of an older version may make the server answer 500 to everything here
      if (isBadAnswer(thrown) && thrown.details['status'] === 500) await absent(pass, state);
      throw thrown;
    }
  });
  return moved;
}

async function readDue(
  pass: Pass,
  state: PoolsState,
  due: (last: number | null, every: number) => boolean,
): Promise<boolean> {
  const { source } = pass;
  const first = await source.documents('work_queue', 0);
  if (!first) return absent(pass, state);
  const few = !first.full;
  let moved = false;
  let poolsDue = due(state.pools, POOLS_EVERY);
  if (few) {
    const { added, renamed, gone } = await replace(pass, 'work_queue', first);
    poolsDue ||= added.length + gone.length > 0;
    moved = renamed.length + gone.length > 0;
    await readRunsIn(pass, renamed);
  } else poolsDue = due(state.many_queues, MANY_QUEUES_EVERY);
  if (!poolsDue) return moved;

  const pools = await scan(source, 'work_pool', null);
  if (!pools) return absent(pass, state);
  if (!few) {
    // the queues of a pool that cannot be read cannot be asked for
    const queues = { rows: [] as DocumentRow[], skipped: pools.skipped };
    for (const { value } of pools.rows) {
      const some = await scan(source, 'work_queue', value.name);
      if (!some) continue; // a pool that was deleted since its name was read has no queues
      queues.rows.push(...some.rows);
      queues.skipped += some.skipped;
    }
    const { renamed, gone } = await replace(pass, 'work_queue', queues);
    moved = renamed.length + gone.length > 0;
    await readRunsIn(pass, renamed);
    state.many_queues = clock(source);
  }
  const { gone } = await replace(pass, 'work_pool', pools);
  state.pools = clock(source);
  state.absent = null;
  await save(pass, state);
  return moved || gone.length > 0;
}

/** Reads the flow runs of renamed queues: a flow run shows its queue's name, and its `updated` does not change with it. */
async function readRunsIn(pass: Pass, queues: readonly string[]): Promise<void> {
  if (queues.length === 0) return;
  const others = { work_pool_queues: { id: { any_: queues } } };
  const runs = await pass.source.count('flow_run', others);
  if (runs === null || runs > FEW_RUNS) return;
  const scan = { entity: 'flow_run' as const, sort: 'ID_DESC', criteria: {}, others };
  await scanAnchored(pass.source, scan, keeper(pass, 'flow_run'));
}

const clock = (source: Source): number => source.clock ?? Date.now() * 1000;

async function absent(pass: Pass, state: PoolsState): Promise<false> {
  await save(pass, { ...state, absent: clock(pass.source) });
  return false;
}

const save = ({ outbox }: Pass, state: PoolsState): Promise<void> => outbox.push('flow', [], { [POOLS_KEY]: state });

/** Rows that could not be read are not gone. */
async function replace(pass: Pass, kind: DocumentKind, { rows, skipped }: Documents): Promise<DocumentChanges> {
  const documents = new Map(rows.map(({ json, value: { id, name } }) => [id, { id, name, json }]));
  const all = skipped === 0;
  if (all) noneSkipped(pass, kind);
  const changes = await pass.sink.replaceDocuments?.(kind, [...documents.values()], clock(pass.source), all);
  for (const { id, reason } of changes?.refused ?? []) pass.source.skip(kind, id, reason);
  return changes ?? { added: [], renamed: [], gone: [] };
}

type Documents = { rows: DocumentRow[]; skipped: number };

/** Reads all pools, ordered by names that never change, or all queues of one pool, by priorities that hardly ever do. null: the server does not show them. */
async function scan(source: Source, kind: DocumentKind, pool: string | null): Promise<Documents | null> {
  const found: Documents = { rows: [], skipped: 0 };
  let shown = true;
  const read = async (offset: number) => {
    const page = await source.documents(kind, offset, pool);
    shown &&= page !== null;
    found.skipped += page?.skipped ?? 0;
    return page ?? { rows: [], limit: Infinity, full: false, skipped: 0 };
  };
  await scanPages(read, (rows) => void found.rows.push(...rows));
  return shown ? found : null;
}
