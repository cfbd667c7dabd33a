/**
 * Events → rows. An event only names a run. The run is read by id, with its parents, until its row has the state of the event or a newer one.
 * Runs that stay behind, and runs beyond MOST, are left to the next sync.
 */
import { entities, type Entity } from '../contract/fields.ts';
import { AppError } from '../contract/errors.ts';
import { parseTime } from '../contract/time.ts';
import type { Row } from '../prefect/client.ts';
import type { RunEvent } from '../prefect/events.ts';
import type { Reader } from './recency.ts';
import type { Source } from './source.ts';

/** ms. A task's Pending, Running and Completed often come together, and 0.2 s is most of the recorder's lag. */
const FOLD = 200;
/** ms between two rounds of at most one page per entity: at most 4 × 200 task runs a second, whatever happens there. */
const ROUND_EVERY = 250;
/** ms before the row is asked for again: the recorder needs 0.01–0.45 s, and up to 5 s when its batches are large. */
const RETRY_AFTER = [250, 500, 1000, 2000, 3000, 4000];
/** Most runs waiting to be read. A sync reads more than these faster, by the page. */
const MOST = 2000;
/** Parents remembered as read; beyond, all are forgotten and read again when named. */
const REMEMBERED = 20_000;

type Wanted = {
  entity: Entity;
  id: string;
  /** id of the state that the row must have reached; null: any */
  state: string | null;
  occurred: number;
  tries: number;
  /** by performance.now() */
  due: number;
};

type LiveRowsOptions = {
  source: Source;
  /** for one round of reading and writing */
  reader: () => Reader;
  signal: AbortSignal;
};

export class LiveRows {
  readonly #options: LiveRowsOptions;
  readonly #wanted = new Map<string, Wanted>();
  readonly #parents = new Set<string>();
  #wake: (() => void) | null = null;

  constructor(options: LiveRowsOptions) {
    this.#options = options;
  }

  /** Number of runs that wait to be read. */
  get waiting(): number {
    return this.#wanted.size;
  }

  add({ entity, id, state, occurred }: RunEvent): void {
    const key = `${entity} ${id}`;
    const known = this.#wanted.get(key);
    if (known && known.occurred > occurred) return;
    if (!known && this.#wanted.size >= MOST) return;
    const due = known && known.tries === 0 ? known.due : performance.now() + FOLD;
    this.#wanted.set(key, { entity, id, state, occurred, tries: 0, due });
    this.#wake?.();
  }

  /** Reads and writes until the signal aborts. Does not throw: a failed round is tried again and then left to the syncs. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const first = Math.min(...[...this.#wanted.values()].map(({ due }) => due));
      const wait = first - performance.now();
      if (wait > 0) await this.#pause(wait, first === Infinity);
      else {
        await this.#round();
        await this.#pause(ROUND_EVERY, false);
      }
    }
  }

  async #round(): Promise<void> {
    const { source, reader: open } = this.#options;
    for (const entity of entities) {
      const now = performance.now(); // read anew: a task run's parents are read in the same round
      const due = [...this.#wanted.values()].filter((one) => one.entity === entity && one.due <= now);
      const page = due.slice(0, source.limit);
      if (page.length === 0) continue;
      const rows = new Map<string, Row>();
      const reader = open();
      try {
        const ids = page.map(({ id }) => id);
        await source.byIds(entity, ids, async (found) => {
          await reader.sink.write([{ entity, rows: found }], {});
          for (const row of found) rows.set(row.value.id, row); // rows that could not be written are asked for again
        });
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
      } finally {
        reader.end();
      }
      for (const wanted of page) this.#settle(wanted, rows.get(wanted.id));
      for (const { value } of rows.values()) this.#wantParents(entity, value);
    }
  }

  #settle(wanted: Wanted, row: Row | undefined): void {
    const key = `${wanted.entity} ${wanted.id}`;
    if (this.#wanted.get(key) !== wanted) return; // a newer event came meanwhile
    const pause = RETRY_AFTER[wanted.tries];
    if ((row && hasArrived(wanted, row)) || pause === undefined) this.#wanted.delete(key);
    else this.#wanted.set(key, { ...wanted, tries: wanted.tries + 1, due: performance.now() + pause });
  }

  /** Has the row's parents read, each once; a subflow's placeholder task run each time, since it changes with its child and emits no events. */
  #wantParents(entity: Entity, value: Row['value']): void {
    if (entity === 'task_run') this.#want('flow_run', value['flow_run_id'], true);
    if (entity === 'flow_run') this.#want('task_run', value['parent_task_run_id'], false);
    if (entity === 'flow_run') this.#want('deployment', value['deployment_id'], true);
    if (entity === 'flow_run' || entity === 'deployment') this.#want('flow', value['flow_id'], true);
  }

  #want(entity: Entity, id: unknown, once: boolean): void {
    if (typeof id !== 'string') return;
    const key = `${entity} ${id}`;
    if (this.#wanted.has(key) || (once && this.#parents.has(key))) return;
    if (this.#parents.size >= REMEMBERED) this.#parents.clear();
    this.#parents.add(key);
    this.#wanted.set(key, { entity, id, state: null, occurred: 0, tries: 0, due: performance.now() });
  }

  /** Waits for `ms`; `idle`: until a run is added. */
  #pause(ms: number, idle: boolean): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = null;
        resolve();
      };
      const timer = idle ? undefined : setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      if (idle) this.#wake = done;
      if (signal.aborted) done();
    });
  }
}

/** Whether the row has the state of the event, or a newer one. */
function hasArrived({ state, occurred }: Wanted, { value }: Row): boolean {
  if (state === null || value['state_id'] === state) return true;
  const now = value['state'] as { timestamp?: unknown } | null | undefined;
  return typeof now?.timestamp === 'string' && (parseTime(now.timestamp) ?? 0) > occurred;
}
