/**
 * The narrow columns of each table, in the order every reader and the writer use. The whole row is also kept as the
 * server's own JSON; these are what a query, a list or an export needs without opening it.
 *
 * Stored as: uuid BLOB(16) · text TEXT · term, tags INTEGER into `term` (tags: the JSON text of the list) ·
 * ref INTEGER rid of the named table · time INTEGER µs · int INTEGER · real REAL · bool INTEGER 0/1. All but id and known may be NULL.
 */
import type { Entity } from '../contract/fields.ts';

export type ColumnKind = 'uuid' | 'text' | 'term' | 'tags' | 'time' | 'int' | 'real' | 'bool' | Entity;

export const columns = {
  task_run: {
    id: 'uuid',
    /** 0: only the id has been seen, in another row; such a row is in no list and satisfies no relation */
    known: 'int',
    name: 'text',
    task_key: 'term',
    flow_run: 'flow_run',
    state_type: 'term',
    state_name: 'term',
    failure: 'term',
    tags: 'tags',
    expected_start_time: 'time',
    next_scheduled_start_time: 'time',
    start_time: 'time',
    end_time: 'time',
    state_timestamp: 'time',
    created: 'time',
    updated: 'time',
    run_count: 'int',
    total_run_time: 'real',
    gone: 'time',
  },
  flow_run: {
    id: 'uuid',
    known: 'int',
    name: 'text',
    flow: 'flow',
    deployment: 'deployment',
    parent_task_run: 'task_run',
    state_type: 'term',
    state_name: 'term',
    tags: 'tags',
    work_queue_name: 'term',
    flow_version: 'term',
    idempotency_key: 'text',
    created_by_id: 'term',
    created_by_type: 'term',
    created_by: 'bool',
    expected_start_time: 'time',
    next_scheduled_start_time: 'time',
    start_time: 'time',
    end_time: 'time',
    created: 'time',
    updated: 'time',
    run_count: 'int',
    total_run_time: 'real',
    gone: 'time',
  },
  flow: { id: 'uuid', known: 'int', name: 'text', tags: 'tags', created: 'time', updated: 'time', gone: 'time' },
  deployment: {
    id: 'uuid',
    known: 'int',
    name: 'text',
    flow: 'flow',
    tags: 'tags',
    paused: 'bool',
    work_queue_name: 'term',
    created: 'time',
    updated: 'time',
    gone: 'time',
  },
} as const satisfies Record<Entity, Record<string, ColumnKind>>;

/** One stored value: Uint8Array(16) for a uuid, a number for term, tags, ref, time, int, real and bool, text for text. */
export type Cell = Uint8Array | string | number | null;

/** Where the index reads rows from. Synchronous: it runs in the query worker, on its own connection. */
export type ColumnSource = {
  /** largest rid in use, 0 when empty; rids are dense enough to be array positions */
  maxRid(entity: Entity): number;
  /** rows with from ≤ rid ≤ to, ascending: [rid, ...cells in the order of `columns[entity]`]. The array may be reused between steps. */
  rows(entity: Entity, from: number, to: number): IterableIterator<[number, ...Cell[]]>;
  /** the same for single rids; rids that no longer exist are left out */
  rowsByRid(entity: Entity, rids: readonly number[]): [number, ...Cell[]][];
  /** every interned text with id > after, ascending by id */
  terms(after: number): IterableIterator<[number, string]>;
};

/** Which rows a commit touched: the writer sends one after each commit, and the query worker's index takes it in. */
export type Change = {
  /** number of the commit: grows by one with every commit that touches rows, kept in the file */
  batch: number;
  changed: Partial<Record<Entity, number[]>>;
  removed: Partial<Record<Entity, number[]>>;
};
