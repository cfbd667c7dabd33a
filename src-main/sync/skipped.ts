/** Remembers the rows and routes that a sync has passed over, until they are read. Kept in the sync's state. */
import { SKIPPED_NAMED, type Skipped, type SkippedRow } from '../contract/sync.ts';
import type { Row } from '../prefect/client.ts';
import type { Progress } from './progress.ts';
import type { Source } from './source.ts';
import type { SyncState } from './state.ts';

/** The parts of a sync that this needs. */
type Noted = { state: SyncState; progress: Progress; source: Source };

/** Most that are remembered: the state is stored with every page. */
const MOST = 100;
/** µs. Every part of an archive is read again within a day: what was not met by then is readable or gone. */
const FORGET = 26 * 3_600_000_000;
/** Characters of a reason. */
const LONGEST = 300;

/** Notes it once, with the newest reason. `question`: what could not be asked, when it is no row; `answered` takes it back. */
export function skip(
  { state, progress, source }: Noted,
  entity: SkippedRow['entity'],
  id: string | null,
  why: string,
  question: string | null = null,
): void {
  const reason = why.slice(0, LONGEST);
  const at = source.clock ?? Date.now() * 1000;
  const known = state.skipped.find(
    (one) =>
      one.entity === entity &&
      one.id === id &&
      one.question === question &&
      (id !== null || question !== null || one.reason === reason),
  );
  if (known) Object.assign(known, { reason, at });
  else if (state.skipped.length < MOST) state.skipped.push({ entity, id, reason, at, question });
  progress.skipped(named(state));
}

/** The server has answered this question. */
export function answered({ state, progress }: Noted, entity: SkippedRow['entity'], question: string): void {
  drop(state, progress, (one) => one.entity === entity && one.question === question);
}

/** These have been read. */
export function unskip({ state, progress }: Noted, entity: SkippedRow['entity'], rows: readonly Row[]): void {
  if (state.skipped.length === 0) return;
  const ids = new Set(rows.map(({ value }) => value.id));
  drop(state, progress, (one) => one.entity === entity && one.id !== null && ids.has(one.id));
}

/** All rows of this kind have been read, and none was passed over. */
export function noneSkipped({ state, progress }: Noted, entity: SkippedRow['entity']): void {
  drop(state, progress, (one) => one.entity === entity);
}

/** Forgets what is too old, or with `all` everything, since all is about to be read. */
export function forget(state: SyncState, now: number, all: boolean): void {
  state.skipped = all ? [] : state.skipped.filter(({ at }) => Math.abs(now - at) < FORGET);
}

export function named({ skipped }: SyncState): Skipped {
  const rows = skipped.slice(0, SKIPPED_NAMED).map(({ entity, id, reason }) => ({ entity, id, reason }));
  return { count: skipped.length, rows };
}

function drop(state: SyncState, progress: Progress, isRead: (one: SyncState['skipped'][number]) => boolean): void {
  const left = state.skipped.filter((one) => !isRead(one));
  if (left.length === state.skipped.length) return;
  state.skipped = left;
  progress.skipped(named(state));
}
