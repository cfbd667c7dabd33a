/** Queue of pages on their way into the archive: in order, several to a transaction, two transactions in flight; a full queue makes the reader wait. */
import type { Entity } from '../contract/fields.ts';
import type { Row } from '../prefect/client.ts';
import type { WriteCounts } from '../contract/archive.ts';
import type { RowBatch, Sink } from './sink.ts';

/** Pages in the queue from which on the reader waits. */
const FULL = 8;
/** Pages in one transaction: 5 are 8 % faster than 1, and one index update instead of five. */
const TOGETHER = 5;
/** Transactions handed over and not yet committed: one waits in the writer's thread while the other is packed and written. */
const IN_FLIGHT = 2;

type Item = { batches: RowBatch[]; state: Record<string, unknown> };

export class Outbox {
  readonly #sink: Sink;
  readonly #onWritten: (written: WriteCounts) => void;
  #queue: Item[] = [];
  #inFlight = 0;
  #failed: { thrown: unknown } | null = null;
  #wake = new Set<() => void>();
  #planned = false;

  constructor(sink: Sink, onWritten: (written: WriteCounts) => void) {
    this.#sink = sink;
    this.#onWritten = onWritten;
  }

  /** Takes its place in the queue before it returns; resolves when there is room for more. Throws what a write has thrown. */
  async push(entity: Entity, rows: Row[], state: Record<string, unknown>): Promise<void> {
    if (this.#failed) throw this.#failed.thrown;
    this.#queue.push({ batches: rows.length > 0 ? [{ entity, rows }] : [], state });
    this.#plan();
    while (this.#queue.length >= FULL && !this.#failed) await this.#change();
    if (this.#failed) throw (this.#failed as { thrown: unknown }).thrown;
  }

  /** Resolves when everything pushed is committed. */
  async flush(): Promise<void> {
    while ((this.#queue.length > 0 || this.#inFlight > 0) && !this.#failed) await this.#change();
    if (this.#failed) throw this.#failed.thrown;
  }

  /** Discards the pages not handed over yet; resolves when nothing is in flight. */
  async drop(): Promise<void> {
    this.#queue = [];
    while (this.#inFlight > 0) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.add(resolve));
  }

  #wakeAll(): void {
    const waiting = [...this.#wake];
    this.#wake.clear();
    for (const wake of waiting) wake();
  }

  /** Deferred, so that the caller's next request goes out before this thread is busy with encoding. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#failed || this.#inFlight >= IN_FLIGHT || this.#queue.length === 0) return;
    const items = this.#queue.splice(0, TOGETHER);
    this.#inFlight += 1;
    this.#write(
      items.flatMap(({ batches }) => batches),
      Object.assign({}, ...items.map(({ state }) => state)) as Record<string, unknown>,
    )
      .then((written) => this.#onWritten(written))
      .catch((thrown: unknown) => {
        this.#failed ??= { thrown };
        this.#queue = [];
      })
      .finally(() => {
        this.#inFlight -= 1;
        if (this.#queue.length > 0) this.#plan();
        this.#wakeAll();
      });
    if (this.#queue.length > 0) this.#plan();
    this.#wakeAll();
  }

  /** `async`, so that an exception of the sink is a rejection like that of any failed write. */
  async #write(batches: RowBatch[], state: Record<string, unknown>): Promise<WriteCounts> {
    return this.#sink.write(batches, state);
  }
}
