/**
 * The columns of what is kept of a run besides its row: its states, logs and artifacts, one row each, so that any SQL tool reads
 * them. Names are those of the parts of a RunActivity. Stored as in `columns.ts`, and: id BLOB(16) of a UUID in lower case with dashes,
 * else its text · number INTEGER or REAL.
 */
import type { RunActivity } from '../contract/run.ts';
import type { ColumnKind } from './columns.ts';

export type KeptKind = ColumnKind | 'id' | 'number';

type PartOf<K extends 'history' | 'logs' | 'artifacts'> = Record<keyof RunActivity[K][number], KeptKind>;

export const keptColumns = {
  kept_state: { id: 'id', type: 'term', name: 'term', timestamp: 'time', message: 'text' },
  kept_log: { id: 'id', timestamp: 'time', level: 'number', name: 'term', message: 'text' },
  kept_artifact: {
    id: 'id',
    key: 'text',
    type: 'term',
    description: 'text',
    data: 'text',
    truncated: 'bool',
    created: 'time',
    updated: 'time',
  },
} as const satisfies { kept_state: PartOf<'history'>; kept_log: PartOf<'logs'>; kept_artifact: PartOf<'artifacts'> };

export type KeptTable = keyof typeof keptColumns;
export const keptTables = Object.keys(keptColumns) as KeptTable[];
/** Which part of a RunActivity a table holds. */
export const keptParts = { kept_state: 'history', kept_log: 'logs', kept_artifact: 'artifacts' } as const;
