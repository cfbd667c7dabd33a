/**
 * One request budget per server, shared by everything that talks to it: at most two requests in flight, a rate for
 * servers that count requests, and a pause for everybody when the server says it is busy.
 */
import { AppError } from '../contract/errors.ts';

const IN_FLIGHT = 2;
/** Requests a second. Cloud's smallest plan allows 250 a minute on the routes used here (prefect-api-facts §7). */
const CLOUD_RATE = 2;
/** Calm replies before a lowered rate is raised again by a fifth. */
const CALM_STREAK = 20;
/** A lowered rate above this is no limit in practice and is lifted. */
const UNLIMITED_ABOVE = 100;

type Waiter = { resolve: (release: () => void) => void; reject: (error: AppError) => void };

export class Budget {
  readonly #ceiling: number;
  #rate: number;
  #inFlight = 0;
  #pausedUntil = 0;
  #nextAt = 0;
  #calm = 0;
  #recent: number[] = [];
  #urgent: Waiter[] = [];
  #patient: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** `ceiling`: requests per second, Infinity for none. */
  constructor(ceiling: number) {
    this.#ceiling = ceiling;
    this.#rate = ceiling;
  }

  /** Requests per second allowed at present. */
  get rate(): number {
    return this.#rate;
  }

  /** Waits for a place; the returned function gives it back. An urgent caller (a person waits) goes before patient ones. */
  take(signal?: AbortSignal, urgent = false): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const cancelled = () => new AppError('CANCELLED', 'cancelled');
      if (signal?.aborted) return reject(cancelled());
      const queue = urgent ? this.#urgent : this.#patient;
      const onAbort = () => {
        const at = queue.indexOf(waiter);
        if (at >= 0) queue.splice(at, 1);
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

  /** Nobody asks for the next `seconds`. */
  pause(seconds: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + seconds * 1000);
  }

  /** A 429: halves the rate that was in use. */
  busy(): void {
    const now = performance.now();
    this.#recent = this.#recent.filter((at) => at > now - 10_000);
    const inUse = Math.max(0.5, this.#recent.length / 10);
    this.#rate = Math.max(0.2, Math.min(this.#rate, inUse) / 2);
    this.#calm = 0;
  }

  /** A reply that was no complaint. */
  calm(): void {
    if (this.#rate >= this.#ceiling || ++this.#calm < CALM_STREAK) return;
    this.#calm = 0;
    this.#rate = Math.min(this.#ceiling, this.#rate * 1.2);
    if (this.#rate > UNLIMITED_ABOVE) this.#rate = this.#ceiling;
  }

  #serve(): void {
    if (this.#timer) return;
    for (;;) {
      if (this.#inFlight >= IN_FLIGHT) return;
      const queue = this.#urgent.length > 0 ? this.#urgent : this.#patient;
      if (queue.length === 0) return;
      const now = performance.now();
      const wait = Math.max(this.#pausedUntil, this.#rate === Infinity ? 0 : this.#nextAt) - now;
      if (wait > 0) {
        this.#timer = setTimeout(() => {
          this.#timer = null;
          this.#serve();
        }, wait);
        return;
      }
      const waiter = queue.shift() as Waiter;
      this.#inFlight += 1;
      this.#nextAt = now + 1000 / this.#rate;
      this.#recent.push(now);
      if (this.#recent.length > 1000) this.#recent.splice(0, 500);
      let held = true;
      waiter.resolve(() => {
        if (!held) return;
        held = false;
        this.#inFlight -= 1;
        this.#serve();
      });
    }
  }
}

const budgets = new Map<string, Budget>();

/** The one budget of a server, by origin: Cloud gets 2 requests a second, a self-hosted server no limit until it complains. */
export function budgetFor(origin: string, cloud: boolean): Budget {
  const known = budgets.get(origin);
  if (known) return known;
  const made = new Budget(cloud ? CLOUD_RATE : Infinity);
  budgets.set(origin, made);
  return made;
}
