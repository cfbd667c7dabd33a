/** What a sync remembers for the next one. Stored in the archive, in the same transaction as the rows that it describes. */
import { z } from 'zod';
import { dialectSchema } from '../contract/query.ts';
import { skippedRowSchema } from '../contract/sync.ts';
import { formatTime, parseTime } from '../contract/time.ts';
import type { Gap } from './keyset.ts';

export const STATE_KEY = 'sync';

const gap = z.object({ low: z.string().nullable(), high: z.string() });
const time = z.number().nullable();

/**
 * Rows and questions that were skipped and have not been read or answered since; `question` null: a row. `at`: µs by the server's clock when
 * it was last tried.
 */
const skipped = z.array(skippedRowSchema.extend({ at: z.number(), question: z.string().nullable().default(null) }));

const syncStateSchema = z.object({
  v: z.literal(1),
  /** µs; how far back the person wants to go, by expected start. null: everything */
  since: time,
  /** an unfinished harvest: the gaps left in each table, newest first */
  open: z
    .object({
      /** µs by the server's clock when the harvest began; rows may have changed since */
      started: z.number(),
      /** flows and deployments are read */
      parents: z.boolean(),
      task_run: z.array(gap),
      flow_run: z.array(gap),
    })
    .nullable(),
  /** µs by the server's clock; every change up to here is in the archive. null: no harvest has gone through */
  through: time,
  /** the same, as of the last pass with the wide overlap */
  wide: time,
  /** µs by the server's clock; when unfinished runs of each age were last asked for, youngest first (delta.ts) */
  unfinished: z.array(z.number()).default([]),
  /** µs by the server's clock; the last daily reading of all parents and of runs without expected start, which passes do not see */
  daily: time,
  /** µs; the oldest expected start of a task run that was received */
  oldest: time,
  /** flows or deployments could not be read: the next pass reads all of them */
  parentsMissed: z.boolean().default(false),
  skipped: skipped.default([]),
  /** µs by this machine's clock; end of the last sync that went through */
  success: time,
  /** µs; the server's clock less this machine's when it last answered: times shown to a person are by this machine's clock */
  ahead: z.number().default(0),
  /** what the server is, learned once a day */
  server: z
    .object({
      limit: z.number().int().min(1),
      features: z.object({ expectedStart: z.boolean(), taskRunEnd: z.boolean(), flowRunEnd: z.boolean() }),
      dialect: dialectSchema.nullable(),
      /** Prefect's; null: it does not tell. An older state without it is learned anew */
      version: z.string().nullable().optional(),
      learned: z.number(),
      /** questions that this server cannot answer, `task_run end_time`: another way is used until it is learned anew */
      unanswered: z.array(z.string()).default([]),
    })
    .nullable(),
});
export type SyncState = z.infer<typeof syncStateSchema>;

export function freshState(): SyncState {
  return {
    v: 1,
    since: null,
    open: null,
    through: null,
    wide: null,
    unfinished: [],
    daily: null,
    parentsMissed: false,
    skipped: [],
    oldest: null,
    success: null,
    ahead: 0,
    server: null,
  };
}

/** µs. The Date header has whole seconds and replies take time: smaller differences would make shown times jump. */
const WAVERING = 5_000_000;

/** `ahead`: by the server's latest answer; null: it has not answered, or without its time. */
export function noteClock(state: SyncState, ahead: number | null): void {
  if (ahead !== null && Math.abs(ahead - state.ahead) > WAVERING) state.ahead = ahead;
}

/** A time by the server's clock → the same by this machine's clock. */
export function byOurClock(at: number | null, { ahead }: SyncState): number | null {
  return at === null ? null : at - ahead;
}

/** Notes that the archive now reaches back to `before` (µs, a whole hour) only. Returns false when it did not reach further back. */
export function narrow(state: SyncState, before: number): boolean {
  const gaps = state.open ? [...state.open.task_run, ...state.open.flow_run] : [];
  if (state.since !== null && state.since >= before && gaps.length === 0) return false;
  const low = formatTime(before);
  const above = (gap: Gap): Gap[] => {
    if ((parseTime(gap.high) ?? Infinity) < before) return [];
    return [gap.low === null || (parseTime(gap.low) ?? -Infinity) < before ? { low, high: gap.high } : gap];
  };
  if (state.open) {
    state.open.task_run = state.open.task_run.flatMap(above);
    state.open.flow_run = state.open.flow_run.flatMap(above);
  }
  state.since = Math.max(state.since ?? before, before);
  state.oldest = state.oldest === null ? null : Math.max(state.oldest, before);
  return true;
}

/** The server's version of Prefect in a stored state; null where it is not known. */
export const serverVersion = (stored: unknown): string | null => parseState(stored).server?.version ?? null;

/** Anything else under the key, or a later version's state, becomes a fresh state: the harvest begins again, which loses no row. */
export function parseState(stored: unknown): SyncState {
  const parsed = syncStateSchema.safeParse(stored);
  return parsed.success ? parsed.data : freshState();
}
