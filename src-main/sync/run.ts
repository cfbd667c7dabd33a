/** One sync. The first reads everything, each later one what has changed; after an interrupted one, the next reads the rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toAppError, type AppError } from '../contract/errors.ts';
import type { Entity } from '../contract/fields.ts';
import type { Dialect } from '../contract/query.ts';
import type { FetchRule } from '../contract/sync.ts';
import { formatTime, parseTime } from '../contract/time.ts';
import { isUuid } from '../contract/uuid.ts';
import { allFeatures, USUAL_PAGE_LIMIT, type PrefectClient, type Row } from '../prefect/client.ts';
import { isRouteFailure } from '../prefect/failures.ts';
import { scanAnchored } from './anchored.ts';
import { readDelta, reach, unfinishedDue } from './delta.ts';
import { probeDialect } from './dialect.ts';
import { closeGap, END_OF_TIME, type Gap } from './keyset.ts';
import { SyncMemory } from './memory.ts';
import { readNullStarts } from './nulls.ts';
import { Outbox } from './outbox.ts';
import { readChanged, readDeployments, readFlows } from './parents.ts';
import { POOLS_KEY, readPools } from './pools.ts';
import { fillStubs, keep, keeper, tried, type Pass, type RunEntity } from './pass.ts';
import { Progress, type SyncProgress } from './progress.ts';
import type { Sink } from './sink.ts';
import { forget, named, noneSkipped, skip } from './skipped.ts';
import { Source } from './source.ts';
import { fetchByRule } from './rule.ts';
import { byOurClock, noteClock, parseState, STATE_KEY, type SyncState } from './state.ts';
import { verifyRest, verifiedByHarvest, verify, type Parents } from './verify.ts';
import { HOUR, parseVerify, VERIFY_KEY, verifiedSince, type VerifyState } from './windows.ts';

export type { SyncProgress } from './progress.ts';

export type SyncOptions = {
  client: PrefectClient;
  sink: Sink;
  /** the value that the sink last committed under a key */
  state: (key: string) => Promise<unknown>;
  signal: AbortSignal;
  /** µs; the archive is to hold all runs expected to start since then. null: as far back as before, at first everything; 0: everything */
  since: number | null;
  /** compare the whole archive with the server, not only the share that is due */
  verify?: boolean;
  /** read changes only: nothing is compared because it is due. What is asked for (`verify`, a first harvest) is done all the same */
  metered?: boolean;
  /** for which runs history, logs and artifacts are fetched once the rows are there */
  rule?: FetchRule;
  /** of the earlier syncs of this archive */
  memory?: SyncMemory;
  onStatus: (status: SyncProgress) => void;
  onDialect?: (dialect: Dialect) => void;
};

const DAY = 86_400_000_000;
/** ms that the first rows wait for their parents: most servers give these within a tenth of it */
const SOON = 700;
const runEntities = ['flow_run', 'task_run'] as const;

/**
 * Resolves when the sync is through and everything is committed. Throws the client's AppErrors, what the sink throws, or CANCELLED. Rows
 * committed by then stay, and the next sync goes on from there.
 */
export async function runSync(options: SyncOptions): Promise<void> {
  const { memory = new SyncMemory() } = options;
  const state = parseState(await options.state(STATE_KEY));
  const verified = parseVerify(await options.state(VERIFY_KEY));
  const progress = new Progress(options.onStatus, {
    last_success: state.success,
    checked: byOurClock(checkedUpTo(state, verified), state),
    complete_since: completeSince(state),
    verified_since: byOurClock(verifiedSince(verified), state),
    skipped: named(state),
  });
  const limit = state.server?.limit ?? USUAL_PAGE_LIMIT;
  const source = new Source(options.client, limit, askOptions(options, progress), memory.sizes);
  const outbox = new Outbox(options.sink, (written) => {
    progress.written(written);
    for (const { entity, id, reason } of written.refused ?? []) source.skip(entity, id, reason);
  });
  try {
    const pass: Pass = { source, sink: options.sink, outbox, progress, state };
    source.onSkip = (...what) => skip(pass, ...what);
    // before the server is asked what it is: eight requests, each of which takes one that has just started a fifth of a second. A route
    // that fails here fails in the harvest again, after the others are read
    if (state.through === null && !state.open?.parents)
      await readNewest(pass, Date.now() * 1000 + state.ahead).catch(unlessOther(() => undefined));
    const server = await learn(options, state, memory);
    source.limit = server.limit;
    forget(state, Date.now() * 1000 + state.ahead, options.verify === true || state.through === null);
    progress.skipped(named(state));
    const told = await nameDialect(options, pass, server.anew);
    memory.doubtful = !server.known || !told;
    await work(pass, verified, options);
    await outbox.flush(); // the state names the rows that could not be kept
    state.success = Date.now() * 1000;
    noteClock(state, source.ahead);
    await outbox.push('flow', [], { [STATE_KEY]: structuredClone(state) });
    await outbox.flush();
    progress.succeeded(
      state.success,
      byOurClock(options.metered ? state.through : checkedUpTo(state, verified), state),
    );
    if (options.rule) await fetchByRule(pass, options.rule, memory.ruleTries);
    progress.done();
  } catch (thrown) {
    await outbox.drop();
    const failed = toAppError(thrown);
    // it may have been down to be upgraded, restored, or moved to another database
    if (failed.code !== 'CANCELLED') memory.doubtful = true;
    throw failed;
  }
}

function askOptions({ signal }: SyncOptions, progress: Progress) {
  return { signal, onWait: progress.waiting.bind(progress) };
}

/** `anew`: what the server is was asked for now. `known`: and it was told. */
type Learnt = { limit: number; anew: boolean; known: boolean };

/** Learns page limit, filter keys and version once a day, and when in doubt: an operator may change the limit, an update the others. */
async function learn({ client, signal }: SyncOptions, state: SyncState, memory: SyncMemory): Promise<Learnt> {
  const now = Date.now() * 1000;
  const { server } = state;
  if (server && server.version !== undefined && !memory.doubtful && Math.abs(now - server.learned) < DAY)
    return { limit: server.limit, anew: false, known: true };
  const [features, limit, version] = await Promise.all([
    client.features({ signal }),
    client.pageLimit({ signal }),
    client.version({ signal }),
  ]);
  state.server = {
    limit,
    features: features ?? server?.features ?? allFeatures,
    dialect: server?.dialect ?? null,
    version: version ?? server?.version ?? null,
    learned: now,
    unanswered: [],
  };
  memory.sizes.forget();
  return { limit, anew: true, known: features !== null };
}

/** `anew`: also when it is known, since a server can be moved to another database. Returns false when the server does not answer that. */
async function nameDialect({ onDialect }: SyncOptions, pass: Pass, anew: boolean): Promise<boolean> {
  const { server } = pass.state;
  if (!server) return false;
  let answered = true;
  if (anew || server.dialect === null)
    await probeDialect(pass.source).then(
      (found) => (server.dialect = found ?? server.dialect),
      unlessOther(() => (answered = false)),
    );
  if (server.dialect) onDialect?.(server.dialect);
  return answered;
}

/** For what can be done without: throws again what other routes fail by too. */
const unlessOther = (otherwise: () => void) => (thrown: unknown) => {
  if (!isRouteFailure(thrown)) throw thrown;
  otherwise();
};

async function work(
  pass: Pass,
  verified: VerifyState,
  { since, verify: whole = false, metered = false, ...options }: SyncOptions,
): Promise<void> {
  const { state, progress } = pass;
  const known = state.through;
  const clock = () => pass.source.clock ?? Date.now() * 1000 + state.ahead;
  plan(state, since, clock());
  progress.completeSince(completeSince(state));
  const daily = !metered && (state.daily === null || Math.abs(clock() - state.daily) >= DAY);
  const open = state.open;
  if (open) {
    progress.resumable(true);
  }
  const pools = () => options.state(POOLS_KEY).then((stored) => readPools(pass, stored, whole));
  const parents =
    known !== null || whole || !open?.parents
      ? await readParents(pass, daily || whole || known === null || state.parentsMissed, known, pools)
      : null;
  if (open) open.parents = true;

  const now = clock();
  if (known !== null) {
    const { from, wide } = reach(known, state.wide, now);
    const { since: young, asked } = unfinishedDue(state.unfinished, now);
    await each(pass, (entity) => readDelta(pass, entity, from, young));
    state.unfinished = asked;
    state.through = clock(); // not `now`: a later reply may have shown that the first one's clock was ahead
    if (wide) state.wide = state.through;
  }
  if (open) {
    void countOpen(pass, open).catch(() => undefined); // only for the display; on a large server a count may time out
    await harvest(pass, open, known);
  }
  if (daily || open || whole) {
    progress.step('null_probe');
    if (parents && pass.sink.ids && (known !== null || whole)) await verifyRest(pass, parents);
    else
      for (const entity of runEntities)
        await tried(pass, entity, 'without start', () => readNullStarts(pass.source, entity, keeper(pass, entity)));
    state.daily = now;
  }
  await fillStubs(pass);
  if (open) {
    state.open = null;
    state.through ??= open.started;
    await verifiedByHarvest(pass, verified, open.started);
  }
  progress.completeSince(completeSince(state));
  if (whole || !(open || metered)) await verify(pass, verified, whole);
}

/** µs; every change up to then is here, late rows of the last hours too: their counts agreed then. */
function checkedUpTo({ through }: SyncState, { recent }: VerifyState): number | null {
  return through === null || recent === null ? through : Math.min(through, recent);
}

/** Opens a harvest for the wanted times that were never read, from the whole hour on. `now`: µs by the server's clock. */
export function plan(state: SyncState, asked: number | null, now: number): void {
  const since = asked === null ? null : Math.floor(asked / HOUR) * HOUR;
  const everything = since !== null && since <= 0;
  const low = since === null || everything ? null : formatTime(since);
  if (state.through === null && !state.open) {
    const gap: Gap = { low, high: END_OF_TIME };
    state.open = { started: now, parents: false, task_run: [{ ...gap }], flow_run: [{ ...gap }] };
    state.since = low === null ? null : since;
    return;
  }
  if (since === null || state.since === null || since >= state.since) return; // it reaches back far enough
  const older: Gap = { low, high: formatTime(state.since) };
  state.open ??= { started: now, parents: true, task_run: [], flow_run: [] };
  state.open.task_run.push({ ...older });
  state.open.flow_run.push({ ...older });
  state.since = everything ? null : since;
}

/** µs; all runs since then are in the archive. Harvests read the newest runs first, so this is the top of the first gap. */
function completeSince({ open, since, oldest }: SyncState): number | null {
  const gap = open?.task_run[0];
  if (gap) return gap.high === END_OF_TIME ? null : parseTime(gap.high);
  if (oldest === null) return null;
  return since === null ? oldest : Math.max(since, oldest);
}

async function countOpen({ source, progress }: Pass, open: NonNullable<SyncState['open']>): Promise<void> {
  const { client, options } = source;
  const since = progress.mark();
  const left: Record<RunEntity, number> = { task_run: 0, flow_run: 0 };
  for (const entity of ['task_run', 'flow_run'] as const)
    for (const { low, high } of [...open[entity]]) {
      const whole = low === null && high === END_OF_TIME;
      const time = { before_: high, ...(low === null ? {} : { after_: low }) };
      left[entity] += await client.count(
        entity,
        whole ? {} : { [`${entity}s`]: { expected_start_time: time } },
        options,
      );
    }
  progress.expected(left.task_run, left.flow_run, since);
}

/**
 * The first page that a person sees: the newest task runs that have begun, and the parents that they name. A harvest takes minutes on a large
 * server before it comes to task runs. The harvest reads these rows again.
 */
async function readNewest(pass: Pass, now: number): Promise<void> {
  const { source, state } = pass;
  if (state.server?.features.expectedStart === false) return;
  const begun = { expected_start_time: { before_: formatTime(now) } };
  const uncounted = (entity: Entity, rows: Row[]) => keep(pass, entity, rows, () => false);
  const { rows } = await source.page('task_run', 'EXPECTED_START_TIME_DESC', begun);
  const parents: Record<'flow_run' | 'flow' | 'deployment', Set<string>> = {
    flow_run: new Set(),
    flow: new Set(),
    deployment: new Set(),
  };
  const note = (entity: keyof typeof parents, children: Row[]) => {
    for (const { value } of children) {
      const id = (value as Record<string, unknown>)[`${entity}_id`];
      if (typeof id === 'string' && isUuid(id)) parents[entity].add(id);
    }
  };
  note('flow_run', rows);
  const named = async (entity: keyof typeof parents) =>
    tried(pass, entity, 'newest', () =>
      source.byIds(entity, [...parents[entity]], (found) => {
        if (entity === 'flow_run') {
          note('flow', found);
          note('deployment', found);
        }
        return uncounted(entity, found);
      }),
    );
  const reading = named('flow_run').then(() => Promise.all([named('flow'), named('deployment')]));
  reading.catch(() => undefined); // awaited below, or not at all when the task runs cannot be written
  // parents that do not come soon do not hold up their children
  await Promise.race([reading, sleep(SOON, undefined, { ref: false })]);
  await uncounted('task_run', rows);
  await reading;
}

/** Reads flows and deployments; returns the ids of all, or null when only changed ones were read. */
async function readParents(
  pass: Pass,
  fully: boolean,
  known: number | null,
  pools: () => Promise<boolean>,
): Promise<Parents | null> {
  const { source, progress, state } = pass;
  const after = known === null ? 0 : reach(state.wide ?? known, null, known).from;
  progress.step('flows');
  const flows = keeper(pass, 'flow');
  const deployments = keeper(pass, 'deployment');
  const all: Parents = { flow: null, deployment: null };
  let changedFew = false;
  if (!fully)
    await tried(pass, 'flow', 'changed', async () => (changedFew = await readChanged(source, 'flow', after, flows)));
  // a deployment shows the names of its queue and pool, and its `updated` does not change with them
  const moved = await pools();
  if (changedFew && !moved) {
    progress.step('deployments');
    let few = false;
    await tried(
      pass,
      'deployment',
      'changed',
      async () => (few = await readChanged(source, 'deployment', after, deployments)),
    );
    if (few) return null;
  }
  await tried(pass, 'flow', 'all', async () => {
    all.flow = new Set(await wholly(pass, 'flow', () => readFlows(source, flows)));
  });
  progress.step('deployments');
  await tried(pass, 'deployment', 'all', async () => {
    const ids = all.flow ?? (await pass.sink.ids?.('flow', 'all')) ?? [];
    const read = () => readDeployments(source, [...ids], deployments);
    if (all.flow) all.deployment = await wholly(pass, 'deployment', read);
    else await read(); // flows that are not known may have more
  });
  state.parentsMissed = !all.flow || !all.deployment;
  return all;
}

/** Reads a whole route. What was skipped of it before is forgotten when nothing is skipped now. */
async function wholly<T>(pass: Pass, entity: Entity, read: () => Promise<T>): Promise<T> {
  const before = pass.source.skips;
  const found = await read();
  if (pass.source.skips === before) noneSkipped(pass, entity);
  return found;
}

/** Does both tables; what stops one of them is thrown after the other is done. */
async function each(pass: Pass, work: (entity: RunEntity) => Promise<void>): Promise<void> {
  let failed: AppError | null = null;
  for (const entity of runEntities) {
    pass.progress.step(entity === 'task_run' ? 'task_runs' : 'flow_runs');
    try {
      await work(entity);
    } catch (thrown) {
      if (!isRouteFailure(thrown)) throw thrown;
      failed ??= toAppError(thrown);
    }
  }
  if (failed !== null) throw failed;
}

/** `known`: what has changed up to then (µs) is here; null: this is the first harvest. */
async function harvest(pass: Pass, open: NonNullable<SyncState['open']>, known: number | null): Promise<void> {
  const { source, progress, state } = pass;
  await each(pass, async (entity) => {
    // this table was read by an earlier sync, and the other one could not be: what is new is not to wait for that
    if (known === null && open[entity].length === 0)
      return readDelta(pass, entity, reach(open.started, null, Infinity).from, null);
    if (entity === 'task_run' && state.server?.features.expectedStart === false) {
      await scanAnchored(source, { entity, sort: 'ID_DESC', criteria: {} }, keeper(pass, entity));
      open[entity] = [];
      return;
    }
    for (let gap = open[entity][0]; gap; gap = open[entity][0]) {
      const later = open[entity].slice(1);
      await closeGap(source, { entity, column: 'expected_start_time', criteria: {}, lanes: 2 }, gap, (rows, left) => {
        open[entity] = left ? [left, ...later] : later;
        progress.completeSince(completeSince(state));
        return keep(pass, entity, rows);
      });
    }
  });
}
