/**
 * When the next sync starts by itself: a pause after the last one ended, longer after failures, never while paused. Pure but
 * for the timer, so what it decides can be tested.
 */

/** Longest pause after repeated failures: an hour-long outage costs the server six requests, not 120. */
const LONGEST_SECONDS = 600;

/** Seconds to wait after `failures` failed syncs in a row; null when syncing by itself is paused (every = 0). */
export function pauseSeconds(every: number, failures: number): number | null {
  if (every <= 0) return null;
  return failures === 0 ? every : Math.max(every, Math.min(every * 2 ** failures, LONGEST_SECONDS));
}

export class Schedule {
  readonly #start: () => void;
  readonly #every: () => number;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #stopped = false;

  /** `every` in seconds, asked anew each time so that a changed setting holds from the next pause on. */
  constructor(start: () => void, every: () => number) {
    this.#start = start;
    this.#every = every;
  }

  /** A sync ended; plans the next. A cancel by the person counts as no failure. */
  ended(failed: boolean): void {
    this.#failures = failed ? this.#failures + 1 : 0;
    this.replan();
  }

  /** Plans anew from now, for a changed setting. */
  replan(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const seconds = pauseSeconds(this.#every(), this.#failures);
    if (seconds === null || this.#stopped) return;
    this.#timer = setTimeout(this.#start, seconds * 1000);
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }
}
