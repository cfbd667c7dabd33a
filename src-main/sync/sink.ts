/** Where the sync puts rows and asks about kept ones; core connects it to the encoder and the writer thread. */
import type { DocumentChanges, DueActivities, DueRun, IdRange, WriteCounts } from '../contract/archive.ts';
import type { DocumentKind, Entity } from '../contract/fields.ts';
import type { RunActivity } from '../contract/run.ts';
import type { Row } from '../prefect/client.ts';

export type Document = { id: string; name: string; json: string };
export type RowBatch = { entity: Entity; rows: Row[] };

export type Sink = {
  /**
   * Stores the rows and the cursors in `state` in one transaction; resolves when it is committed. May be called again before the last call
   * has resolved. Transactions commit in the order of the calls. Once one has failed, later ones fail too: a smaller one might find room on
   * a full disk, and its cursor would be past rows that are not stored.
   */
  write(batches: RowBatch[], state: Record<string, unknown>): Promise<WriteCounts>;
  /** The server no longer has these rows. `at`: µs by its clock. Ids that are only known from references are marked too. */
  markGone(entity: Entity, ids: string[], at: number): Promise<void>;
  /**
   * Stores documents of the kind. `all`: these are all that the server has, and kept ones that are not among them are gone since `at`, µs by
   * its clock. Without it none are read.
   */
  replaceDocuments?(kind: DocumentKind, documents: Document[], at: number, all: boolean): Promise<DocumentChanges>;
  /**
   * Ids of kept rows that are not gone, in no terminal state, and have changed since `since` (µs; null: all). Without it, rows deleted while
   * running stay as they were.
   */
  unfinished?(entity: 'task_run' | 'flow_run', since: number | null): Promise<string[]>;
  /** At most `limit` ids that kept rows refer to, of which nothing else is known, and which are not marked gone. */
  stubs?(entity: Entity, limit: number): Promise<string[]>;
  /** Ids of kept rows that are not gone. Without it nothing is compared with the server. */
  ids?(entity: Entity, range: IdRange): Promise<string[]>;
  /** How many kept rows that are not gone are expected to start in each step of `step` µs: [start of the step in µs, rows], ascending, empty steps left out. */
  histogram?(entity: 'task_run' | 'flow_run', step: number): Promise<[number, number][]>;
  /** Ids of the rows that are not kept (or are marked gone), and of those whose kept version differs. Writes nothing. */
  differing?(entity: Entity, rows: Row[]): Promise<{ missing: string[]; changed: string[] }>;
  /** Runs to fetch by rule, newest first. Without it nothing is fetched by rule. */
  dueActivities?(wanted: DueActivities): Promise<DueRun[]>;
  /** Adds to the kept activity of the run. `stamp`: as `dueActivities` gave it; null: it was fetched for another reason. */
  saveActivity?(id: string, activity: RunActivity, stamp: number | null): Promise<void>;
};
