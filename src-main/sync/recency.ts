/**
 * Several read the same server at once: a pass, the events' refetches, a check. A page read early and written late must not
 * put back what another has brought since; this is the one place that sees to it.
 */
import type { Entity } from '../contract/fields.ts';
import { parseTime } from '../contract/time.ts';
import type { Row } from '../prefect/client.ts';
import type { Sink } from './sink.ts';

export type Reader = {
  sink: Sink;
  /** Everything that was read is written. */
  end(): void;
};

export class Recency {
  /** per reader at work: what the others have written since it began, `entity id` → `updated` in µs */
  readonly #readers = new Set<Map<string, number>>();

  /** Call it before the first page is read. */
  reader(sink: Sink): Reader {
    const newer = new Map<string, number>();
    this.#readers.add(newer);
    const isStale = (entity: Entity, row: Row) =>
      (stamp(row) ?? Infinity) < (newer.get(`${entity} ${row.value.id}`) ?? -Infinity);
    return {
      sink: {
        ...sink,
        write: (batches, state) => {
          const kept =
            newer.size === 0
              ? batches
              : batches.map(({ entity, rows }) => ({ entity, rows: rows.filter((row) => !isStale(entity, row)) }));
          for (const { entity, rows } of kept) this.#tell(newer, entity, rows);
          return sink.write(
            kept.filter(({ rows }) => rows.length > 0),
            state,
          );
        },
        // missing in a reply from before it came; if it has really gone since, the next pass finds that
        markGone: (entity, ids, at) =>
          sink.markGone(
            entity,
            ids.filter((id) => !newer.has(`${entity} ${id}`)),
            at,
          ),
      },
      end: () => this.#readers.delete(newer),
    };
  }

  #tell(writer: Map<string, number>, entity: Entity, rows: Row[]): void {
    for (const other of this.#readers) {
      if (other === writer) continue;
      for (const row of rows) {
        const key = `${entity} ${row.value.id}`;
        other.set(key, Math.max(other.get(key) ?? -Infinity, stamp(row) ?? -Infinity));
      }
    }
  }
}

/** A row without `updated` is neither newer nor older than another. */
function stamp({ value }: Row): number | null {
  return typeof value.updated === 'string' ? parseTime(value.updated) : null;
}
