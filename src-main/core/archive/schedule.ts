/**
 * When the next sync starts by itself: a pause after the last one ended, longer after failures, never while paused, at once
 * when the machine wakes up or its network is another one. Pure but for the timers, so what it decides can be tested.
 */
import { networkInterfaces } from 'node:os';
import type { ErrorCode } from '../../contract/errors.ts';
import { METERED_EVERY, type SyncStatus } from '../../contract/sync.ts';
import { timerMillis } from '../../contract/time.ts';

/** Longest pause after repeated failures: an hour-long outage costs the server six requests, not 120. */
const LONGEST_SECONDS = 600;
/** Failures of this machine's disk. The pause does not grow with them: a person who has made room is waiting. */
const ours: ReadonlySet<ErrorCode> = new Set(['DISK_FULL', 'FOLDER_READ_ONLY']);
/** ms between two looks at clock and network */
const LOOK_EVERY = 5000;
/** ms; a look that comes this much late by the wall clock: the machine slept. A busy one is not late by as much */
const SLEPT = 30_000;

/** Whether a sync starts when the archive is opened: on a metered connection at most one per METERED_EVERY. `now`: µs. */
export function mayBegin({ paused, metered, last_success }: SyncStatus, now: number): boolean {
  if (paused) return false;
  return !metered || last_success === null || Math.abs(now - last_success) >= METERED_EVERY * 1_000_000;
}

/** Seconds to wait after `failures` failed syncs in a row; null when syncing by itself is paused (every = 0). */
export function pauseSeconds(every: number, failures: number): number | null {
  if (every <= 0) return null;
  return failures === 0 ? every : Math.max(every, Math.min(every * 2 ** failures, LONGEST_SECONDS));
}

/** What a look finds: wall clock (ms) and the machine's addresses. */
export type Look = { at: number; network: string };

/** Is it time for a pass at once? `failing`: the last one did not go through. */
export function isBack(before: Look, now: Look, failing: boolean): boolean {
  return now.at - before.at > LOOK_EVERY + SLEPT || (failing && now.network !== '' && now.network !== before.network);
}

/** In seconds, asked anew each time so that a changed setting holds from the next pause on. `atLeast` holds when hurried, too. */
type Pace = { every: () => number; atLeast: () => number };

export class Schedule {
  readonly #start: () => void;
  readonly #pace: Pace;
  readonly #onNext: (next: number | null) => void;
  #timer: NodeJS.Timeout | null = null;
  readonly #looks: NodeJS.Timeout;
  #last = look();
  #failures = 0;
  /** ms; when the last one ended, -Infinity: none yet */
  #ended = -Infinity;
  #stopped = false;

  /** `onNext`: µs, when the next sync starts; null: none is planned. */
  constructor(start: () => void, pace: Pace, onNext: (next: number | null) => void) {
    this.#start = start;
    this.#pace = pace;
    this.#onNext = onNext;
    this.#looks = setInterval(() => this.#look(), LOOK_EVERY);
    this.#looks.unref();
  }

  /** A sync ended; plans the next. `failed`: with what; a cancel by the person counts as no failure. */
  ended(failed: ErrorCode | null): void {
    this.#ended = Date.now();
    if (failed === null) this.#failures = 0;
    else this.#failures = ours.has(failed) ? 1 : this.#failures + 1;
    this.replan();
  }

  /** A sync has started: none is planned until it has ended. */
  started(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#onNext(null);
  }

  /** Plans anew from now, for a changed setting. */
  replan(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const seconds = pauseSeconds(this.#pace.every(), this.#failures);
    if (this.#stopped) return;
    if (seconds === null) return this.#onNext(null);
    this.#timer = setTimeout(this.#start, timerMillis(seconds * 1000));
    this.#timer.unref();
    this.#onNext((Date.now() + seconds * 1000) * 1000);
  }

  /** What keeps a sync from going through may be over: the planned one starts now, unless the last is too short a while ago. */
  hurry(): void {
    // the clock may have been set back since
    if (this.#timer && Math.abs(Date.now() - this.#ended) >= this.#pace.atLeast() * 1000) this.#start();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#looks);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const now = look();
    const back = isBack(this.#last, now, this.#failures > 0);
    const setBack = now.at < this.#last.at;
    this.#last = now;
    if (back) this.hurry();
    else if (setBack && this.#timer) this.replan(); // the time that was told is an hour away, or years
  }
}

function look(): Look {
  return { at: Date.now(), network: addresses() };
}

/** This machine's addresses; '' when there are none, or when the system has no file descriptor left to list them. */
function addresses(): string {
  try {
    const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
    return all.flatMap(({ internal, address }) => (internal ? [] : [address])).join(' ');
  } catch {
    return '';
  }
}
