/**
 * One request budget per server, shared by every workspace that talks to it: at most two requests in flight, a rate for servers that
 * count requests, and a pause for all when the server says that it is busy. All requests are made in the sync thread, so the budget is a
 * plain object there.
 */
import { AppError } from '../contract/errors.ts';

const IN_FLIGHT = 2;
/** Requests a second. Cloud's smallest plan allows 250 a minute on the routes used here. */
const CLOUD_RATE = 2;
/** Seconds in which a lowered rate doubles: from the lowest back to Cloud's in 200. By time and not by replies, which are few at a low rate. */
const DOUBLES = 60;
/** Requests a second. */
const LOWEST = 0.2;
/** Requests a second. A lowered rate above this is no limit in practice and is lifted. */
const UNLIMITED_ABOVE = 100;
/** Seconds over which the rate in use is measured. */
const SPAN = 10;

type Waiter = { resolve: (release: () => void) => void; reject: (error: AppError) => void };

export class Budget {
  readonly #ceiling: number;
  readonly #now: () => number;
  /** the rate after the last 429, and when it began to rise again; null: the ceiling */
  #lowered: { rate: number; at: number } | null = null;
  /** ms by the clock, as all times here */
  #pausedUntil = 0;
  #nextAt = 0;
  #inFlight = 0;
  /** when each request of the last SPAN seconds began */
  #begun: number[] = [];
  readonly #urgent: Waiter[] = [];
  readonly #patient: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** `ceiling`: requests a second, Infinity for no limit. `now`: ms. */
  constructor(ceiling: number, now: () => number = () => performance.now()) {
    this.#ceiling = ceiling;
    this.#now = now;
  }

  /** Requests a second allowed at present. */
  get rate(): number {
    if (!this.#lowered) return this.#ceiling;
    const { rate, at } = this.#lowered;
    const risen = rate * 2 ** (Math.max(0, this.#now() - at) / (DOUBLES * 1000));
    if (risen < Math.min(this.#ceiling, UNLIMITED_ABOVE)) return risen;
    this.#lowered = null;
    return this.#ceiling;
  }

  /**
   * Waits for a place; the returned function gives it back, and calling it twice changes nothing. Urgent callers (a person waits) go before
   * patient ones, otherwise the first to ask is the first to go. Throws CANCELLED when the signal aborts.
   */
  take(signal?: AbortSignal, urgent = false): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const cancelled = () => new AppError('CANCELLED', 'cancelled');
      if (signal?.aborted) return reject(cancelled());
      const queue = urgent ? this.#urgent : this.#patient;
      const onAbort = () => {
        const at = queue.indexOf(waiter);
        if (at >= 0) queue.splice(at, 1);
        this.#serve(); // without anyone left to wait, the timer ends
        reject(cancelled());
      };
      const waiter: Waiter = {
        resolve: (release) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(release);
        },
        reject,
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.push(waiter);
      this.#serve();
    });
  }

  /** No request starts for the next `seconds`. */
  pause(seconds: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#now() + seconds * 1000);
    if (this.#lowered) this.#lowered.at = Math.max(this.#lowered.at, this.#pausedUntil);
  }

  /** A 429: halves the rate that was in use. During a pause it answers a request from before, and says nothing new. */
  busy(): void {
    const now = this.#now();
    if (now < this.#pausedUntil) return;
    this.#forgetOld();
    const inUse = Math.max(0.5, this.#begun.length / SPAN);
    this.#lowered = { rate: Math.max(LOWEST, Math.min(this.rate, inUse) / 2), at: now };
  }

  /** Gives free places to those who wait. The timer also keeps the program running while somebody waits. */
  #serve(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#inFlight < IN_FLIGHT) {
      const queue = this.#urgent.length > 0 ? this.#urgent : this.#patient;
      if (queue.length === 0) return;
      const now = this.#now();
      const { rate } = this;
      const wait = Math.max(this.#pausedUntil, rate === Infinity ? 0 : this.#nextAt) - now;
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#serve(), wait);
        return;
      }
      this.#inFlight += 1;
      this.#nextAt = now + 1000 / rate;
      this.#begun.push(now);
      this.#forgetOld();
      let taken = true;
      queue.shift()?.resolve(() => {
        if (!taken) return;
        taken = false;
        this.#inFlight -= 1;
        this.#serve();
      });
    }
  }

  #forgetOld(): void {
    const since = this.#now() - SPAN * 1000;
    const kept = this.#begun.findIndex((at) => at > since);
    if (kept !== 0) this.#begun = kept < 0 ? [] : this.#begun.slice(kept);
  }
}

const budgets = new Map<string, Budget>();

/** The one budget of a server, by origin: Cloud gets 2 requests a second, a self-hosted server no limit until it complains. */
export function budgetFor(origin: string, cloud: boolean): Budget {
  let budget = budgets.get(origin);
  if (!budget) {
    budget = new Budget(cloud ? CLOUD_RATE : Infinity);
    budgets.set(origin, budget);
  }
  return budget;
}
