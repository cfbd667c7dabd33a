/**
 * Keeps rows from going back in time. Several readers work on one server at once: a sync, live updates, a comparison. A page read early and
 * written late must not replace newer rows that another reader has written meanwhile. A row counts as written once it is committed: a
 * reader with an older copy waits for that, and writes its own copy when the other write fails.
 */
import type { Entity } from '../contract/fields.ts';
import type { Row } from '../prefect/client.ts';
import { timeOf } from '../prefect/rows.ts';
import type { WriteCounts } from '../contract/archive.ts';
import type { RowBatch, Sink } from './sink.ts';

export type Reader = {
  sink: Sink;
  /** To be called when all that was read is written. */
  end(): void;
};

/** `entity id` → `updated` in µs */
type Stamps = Map<string, number>;
/** A write that has not settled; `others`: the readers that were at work when it began. */
type Flying = { stamps: Stamps; others: readonly Stamps[]; settled: Promise<unknown> };

export class Recency {
  /** of each reader at work: rows that the others have committed since it began */
  readonly #readers = new Set<Stamps>();
  readonly #flying = new Set<Flying>();

  /** To be called before the first page is read. */
  reader(sink: Sink): Reader {
    const newer: Stamps = new Map();
    this.#readers.add(newer);
    /** the last write that has to wait for another reader's; null: none waits */
    let waiting: Promise<unknown> | null = null;

    const write: Sink['write'] = (batches, state) => {
      if (waiting === null && !this.#awaited(newer, keysOf(batches))) return this.#write(newer, sink, batches, state);
      const mine = this.#mayWrite(waiting, newer, keysOf(batches)).then(() => this.#write(newer, sink, batches, state));
      const done = mine
        .catch(() => undefined)
        .then(() => {
          if (waiting === done) waiting = null;
        });
      waiting = done;
      return mine;
    };
    return {
      sink: {
        ...sink,
        write,
        // a row written by another reader since this reply is not gone; if it was deleted later, the next pass finds out
        markGone: async (entity, ids, at) => {
          await this.#mayWrite(waiting, newer, () => ids.map((id) => `${entity} ${id}`));
          const left = ids.filter((id) => !newer.has(`${entity} ${id}`));
          await sink.markGone(entity, left, at);
        },
      },
      end: () => this.#readers.delete(newer),
    };
  }

  /** An unsettled write of another reader that has one of the rows; undefined: none. */
  #awaited(newer: Stamps, keys: () => string[]): Flying | undefined {
    const others = [...this.#flying].filter((one) => one.others.includes(newer));
    if (others.length === 0) return undefined;
    const mine = keys();
    return others.find(({ stamps }) => mine.some((key) => stamps.has(key)));
  }

  /** Resolves after `before`, when no other reader's unsettled write has one of the rows. */
  async #mayWrite(before: Promise<unknown> | null, newer: Stamps, keys: () => string[]): Promise<void> {
    await before;
    for (let other = this.#awaited(newer, keys); other; other = this.#awaited(newer, keys)) await other.settled;
  }

  /** Hands the rows to the sink before it returns: the sink commits in the order of the calls. */
  async #write(newer: Stamps, sink: Sink, batches: RowBatch[], state: Record<string, unknown>): Promise<WriteCounts> {
    const isStale = (entity: Entity, row: Row) =>
      (stamp(row) ?? Infinity) < (newer.get(`${entity} ${row.value.id}`) ?? -Infinity);
    const kept = batches
      .map(({ entity, rows }) => ({
        entity,
        rows: newer.size === 0 ? rows : rows.filter((row) => !isStale(entity, row)),
      }))
      .filter(({ rows }) => rows.length > 0);
    const written = sink.write(kept, state);
    const others = [...this.#readers].filter((one) => one !== newer);
    if (others.length === 0) return written;
    const flight: Flying = { stamps: stampsOf(kept), others, settled: Promise.resolve() };
    this.#flying.add(flight);
    const told = written
      .then((result) => {
        for (const { entity, id } of result.refused ?? []) flight.stamps.delete(`${entity} ${id}`);
        for (const other of others)
          for (const [key, at] of flight.stamps) other.set(key, Math.max(other.get(key) ?? -Infinity, at));
        return result;
      })
      .finally(() => this.#flying.delete(flight));
    flight.settled = told.catch(() => undefined);
    return told;
  }
}

const keysOf = (batches: RowBatch[]) => () =>
  batches.flatMap(({ entity, rows }) => rows.map(({ value }) => `${entity} ${value.id}`));

function stampsOf(batches: RowBatch[]): Stamps {
  const stamps: Stamps = new Map();
  for (const { entity, rows } of batches)
    for (const row of rows) {
      const key = `${entity} ${row.value.id}`;
      stamps.set(key, Math.max(stamps.get(key) ?? -Infinity, stamp(row) ?? -Infinity));
    }
  return stamps;
}

/** A row without `updated` is neither newer nor older than another. */
function stamp(row: Row): number | null {
  const time = timeOf(row, 'updated');
  return Number.isNaN(time) ? null : time;
}
