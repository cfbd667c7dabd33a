/**
 * One request budget per server, shared by every workspace that talks to it: at most two requests in flight, a rate for servers that
 * count requests, and a pause for all when the server says that it is busy. All requests are made in the sync thread, so the budget is a
 * plain object there.
 */
import { AppError } from '../contract/errors.ts';

const IN_FLIGHT = 2;
/** Requests a second. Cloud's smallest plan allows 250 a minute on the routes used here. */
const CLOUD_RATE = 2;
/** Calm replies before a lowered rate is raised again by a fifth. */
const CALM_STREAK = 20;
/** Requests a second. A lowered rate above this is no limit in practice and is lifted. */
const UNLIMITED_ABOVE = 100;
/** Seconds over which the rate in use is measured. */
const SPAN = 10;

type Waiter = { resolve: (release: () => void) => void; reject: (error: AppError) => void };

export class Budget {
  readonly #ceiling: number;
  /** requests a second; Infinity: no limit */
  #rate: number;
  /** ms by `performance.now`, as all times here */
  #pausedUntil = 0;
  #nextAt = 0;
  #calm = 0;
  #inFlight = 0;
  /** when each request of the last SPAN seconds began */
  #begun: number[] = [];
  readonly #urgent: Waiter[] = [];
  readonly #patient: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** `ceiling`: requests a second, Infinity for no limit. */
  constructor(ceiling: number) {
    this.#ceiling = ceiling;
    this.#rate = ceiling;
  }

  /** Requests a second allowed at present. */
  get rate(): number {
    return this.#rate;
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
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + seconds * 1000);
  }

  /** A 429: halves the rate that was in use. */
  busy(): void {
    this.#forgetOld();
    const inUse = Math.max(0.5, this.#begun.length / SPAN);
    this.#rate = Math.max(0.2, Math.min(this.#rate, inUse) / 2);
    this.#calm = 0;
  }

  /** A reply other than a 429 or an error. */
  calm(): void {
    if (this.#rate >= this.#ceiling || ++this.#calm < CALM_STREAK) return;
    this.#calm = 0;
    this.#rate = Math.min(this.#ceiling, this.#rate * 1.2);
    if (this.#rate > UNLIMITED_ABOVE) this.#rate = this.#ceiling;
  }

  /** Gives free places to those who wait. The timer also keeps the program running while somebody waits. */
  #serve(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#inFlight < IN_FLIGHT) {
      const queue = this.#urgent.length > 0 ? this.#urgent : this.#patient;
      if (queue.length === 0) return;
      const now = performance.now();
      const wait = Math.max(this.#pausedUntil, this.#rate === Infinity ? 0 : this.#nextAt) - now;
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#serve(), wait);
        return;
      }
      this.#inFlight += 1;
      this.#nextAt = now + 1000 / this.#rate;
      this.#begun.push(now);
      this.#forgetOld();
      let held = true;
      queue.shift()?.resolve(() => {
        if (!held) return;
        held = false;
        this.#inFlight -= 1;
        this.#serve();
      });
    }
  }

  #forgetOld(): void {
    const since = performance.now() - SPAN * 1000;
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
