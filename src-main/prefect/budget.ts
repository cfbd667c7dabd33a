/**
 * One request budget per server, shared by everything in this process that talks to it, whichever thread it is in: at most two requests
 * in flight, a rate for servers that count requests, and a pause for everybody when the server says it is busy. Threads take turns; who
 * a person waits for goes first.
 */
import { threadId } from 'node:worker_threads';
import { AppError } from '../contract/errors.ts';
import { SharedCell } from './shared-cell.ts';

const IN_FLIGHT = 2;
/** Requests a second. Cloud's smallest plan allows 250 a minute on the routes used here (prefect-api-facts §7). */
const CLOUD_RATE = 2;
/** Calm replies before a lowered rate is raised again by a fifth. */
const CALM_STREAK = 20;
/** A lowered rate above this is no limit in practice and is lifted. */
const UNLIMITED_ABOVE = 100;
/** Seconds the rate in use is taken over. */
const SPAN = 10;
/** ms; what another thread's change does not wake is looked at again after this long */
const LOOK_AGAIN = 1000;

/** Of one server. Times are ms, the same in all threads. */
type State = {
  /** requests per second; null: no limit */
  rate: number | null;
  pausedUntil: number;
  nextAt: number;
  calm: number;
  /** requests begun, by second */
  recent: [second: number, requests: number][];
  /** the thread of each request in flight */
  holders: number[];
  /** threads with somebody who waits, in the order of their turns */
  urgent: number[];
  patient: number[];
};
type States = Record<string, State>;

const fresh = (ceiling: number): State => ({
  rate: ceiling === Infinity ? null : ceiling,
  ...{ pausedUntil: 0, nextAt: 0, calm: 0, recent: [], holders: [], urgent: [], patient: [] },
});

/** Bytes: some 500 servers. */
const MEMORY = 256 * 1024;
const newCell = (bytes: number) => new SharedCell<States>(new SharedArrayBuffer(bytes), {});
let shared = newCell(MEMORY);

/** For the threads that this one starts. */
export function budgetMemory(): SharedArrayBuffer {
  return shared.memory;
}

/** Before the first request of this thread: with what `budgetMemory` gave in the thread that started it. */
export function shareBudgets(memory: SharedArrayBuffer): void {
  shared = new SharedCell<States>(memory, {});
}

/** A thread has ended: its places are free, its turns over. */
export function forgetThread(thread: number): void {
  shared.unlock(thread);
  shared.update((states) => {
    for (const state of Object.values(states)) {
      state.holders = state.holders.filter((one) => one !== thread);
      leave(state.urgent, thread);
      leave(state.patient, thread);
    }
  });
}

type Waiter = { resolve: (release: () => void) => void; reject: (error: AppError) => void };

export class Budget {
  readonly #ceiling: number;
  readonly #cell: SharedCell<States>;
  readonly #key: string;
  #urgent: Waiter[] = [];
  #patient: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;
  #watching = false;

  /** `ceiling`: requests per second, Infinity for none. Without a cell it is this thread's own. */
  constructor(ceiling: number, cell = newCell(4096), key = '') {
    this.#ceiling = ceiling;
    this.#cell = cell;
    this.#key = key;
  }

  /** Requests per second allowed at present. */
  get rate(): number {
    return this.#update(({ rate }) => rate) ?? Infinity;
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
        this.#serve(); // whose turn it is may be another's now
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
    this.#update((state) => (state.pausedUntil = Math.max(state.pausedUntil, clock() + seconds * 1000)));
  }

  /** A 429: halves the rate that was in use. */
  busy(): void {
    this.#update((state) => {
      const since = clock() / 1000 - SPAN;
      const requests = state.recent.reduce((sum, [second, count]) => sum + (second > since ? count : 0), 0);
      const inUse = Math.max(0.5, requests / SPAN);
      state.rate = Math.max(0.2, Math.min(state.rate ?? Infinity, inUse) / 2);
      state.calm = 0;
    });
  }

  /** A reply that was no complaint. */
  calm(): void {
    this.#update((state) => {
      if (state.rate === null || state.rate >= this.#ceiling || ++state.calm < CALM_STREAK) return;
      state.calm = 0;
      state.rate = Math.min(this.#ceiling, state.rate * 1.2);
      if (state.rate > UNLIMITED_ABOVE) state.rate = this.#ceiling === Infinity ? null : this.#ceiling;
    });
  }

  #update<R>(work: (state: State) => R): R {
    return this.#cell.update((states) => work((states[this.#key] ??= fresh(this.#ceiling))));
  }

  #serve(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (;;) {
      const seen = this.#cell.changes;
      const wait = this.#update((state) => this.#turn(state));
      if (wait === null) return;
      if (wait > 0) return this.#later(wait, seen);
      const waiter = (this.#urgent.shift() ?? this.#patient.shift()) as Waiter;
      let held = true;
      waiter.resolve(() => {
        if (!held) return;
        held = false;
        this.#update(({ holders }) => holders.splice(holders.indexOf(threadId), 1));
        this.#serve();
      });
    }
  }

  /** 0: a place is taken for this thread's first waiter; ms until it may be, Infinity: when another gives one back; null: nobody waits here. */
  #turn(state: State): number | null {
    const urgent = this.#urgent.length > 0;
    stand(state.urgent, urgent);
    stand(state.patient, this.#patient.length > 0);
    if (!urgent && this.#patient.length === 0) return null;
    const queue = urgent ? state.urgent : state.patient;
    if (state.holders.length >= IN_FLIGHT) return Infinity;
    if ((state.urgent[0] ?? state.patient[0]) !== threadId) return Infinity;
    const now = clock();
    const wait = Math.max(state.pausedUntil, state.rate === null ? 0 : state.nextAt) - now;
    if (wait > 0) return wait;
    state.holders.push(threadId);
    leave(queue, threadId);
    stand(queue, (urgent ? this.#urgent : this.#patient).length > 1); // behind the others
    state.nextAt = now + 1000 / (state.rate ?? Infinity);
    const second = Math.floor(now / 1000);
    const last = state.recent.at(-1);
    if (last?.[0] === second) last[1] += 1;
    else state.recent = [...state.recent.slice(-SPAN), [second, 1]];
    return 0;
  }

  /** The timer also keeps the program running while somebody waits here. */
  #later(wait: number, seen: number): void {
    this.#timer = setTimeout(() => this.#serve(), Math.min(wait, LOOK_AGAIN));
    if (this.#watching) return;
    this.#watching = true;
    void this.#cell.change(seen).then(() => {
      this.#watching = false;
      this.#serve();
    });
  }
}

/** In the queue once, or not at all. */
function stand(queue: number[], waits: boolean): void {
  if (!waits) leave(queue, threadId);
  else if (!queue.includes(threadId)) queue.push(threadId);
}

function leave(queue: number[], thread: number): void {
  const at = queue.indexOf(thread);
  if (at >= 0) queue.splice(at, 1);
}

/** ms; `performance.now` alone begins anew in every thread. */
const clock = (): number => performance.timeOrigin + performance.now();

const budgets = new Map<string, Budget>();

/** The one budget of a server, by origin: Cloud gets 2 requests a second, a self-hosted server no limit until it complains. */
export function budgetFor(origin: string, cloud: boolean): Budget {
  const known = budgets.get(origin);
  if (known) return known;
  const made = new Budget(cloud ? CLOUD_RATE : Infinity, shared, origin);
  budgets.set(origin, made);
  return made;
}
