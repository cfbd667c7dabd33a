/** Where rows go, as the sync sees it; core gives it the encoder and the writer thread. */
import type { Entity } from '../contract/fields.ts';
import type { Row } from '../prefect/client.ts';

export type Written = { inserted: number; changed: number; unchanged: number };
export type RowBatch = { entity: Entity; rows: Row[] };

export type Sink = {
  /**
   * Keeps the rows and the cursors in `state` in one transaction; resolves when it is committed. Called again before the
   * last call has resolved; transactions must commit in the order of the calls.
   */
  write(batches: RowBatch[], state: Record<string, unknown>): Promise<Written>;
  /** The server no longer has these rows. `at`: µs by its clock. Ids that are only known from references are marked too. */
  markGone(entity: Entity, ids: string[], at: number): Promise<void>;
  /** Ids of kept rows that are not gone and in no terminal state. Without it, rows deleted while running stay as they were. */
  unfinished?(entity: 'task_run' | 'flow_run'): Promise<string[]>;
  /** At most `limit` ids that kept rows refer to, of which nothing else is known, and which are not marked gone. */
  stubs?(entity: Entity, limit: number): Promise<string[]>;
  /** Kept, not gone rows with from ≤ expected start ≤ to (µs; null: no bound). For verification. */
  count?(entity: 'task_run' | 'flow_run', from: number | null, to: number | null): Promise<number>;
  ids?(entity: Entity, from: number | null, to: number | null): Promise<string[]>;
};
