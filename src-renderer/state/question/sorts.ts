/** Orders with a name: Prefect's, of which newer servers have more, then five that its API does not have. The grid's headers make any other. */
import { prefectRules, type PrefectRules } from '../../../src-main/contract/prefect/versions.ts';
import { defaultSort, type SortKey } from '../../../src-main/contract/query.ts';
import { fieldInfo } from '../filters/catalog.ts';

/** `since`: only servers with this rule have it. */
export type NamedSort = { label: string; keys: SortKey[]; prefect: boolean; since?: keyof PrefectRules };

const key = (field: string, dir: 'asc' | 'desc'): SortKey[] => [{ field, dir }];

/** Prefect's DURATION_DESC and DURATION_ASC: of a run that is running, the time until now. */
const byRunTime = (dir: 'asc' | 'desc') => [...key('estimated_run_time', dir), ...key('expected_start_time', 'desc')];

export const namedSorts: readonly NamedSort[] = [
  { label: 'Newest expected start', keys: key('expected_start_time', 'desc'), prefect: true },
  { label: 'Oldest expected start', keys: key('expected_start_time', 'asc'), prefect: true },
  { label: 'Name, A to Z', keys: key('name', 'asc'), prefect: true },
  { label: 'Name, Z to A', keys: key('name', 'desc'), prefect: true },
  { label: 'Next scheduled first', keys: key('next_scheduled_start_time', 'asc'), prefect: true },
  { label: 'Last ended first', keys: key('end_time', 'desc'), prefect: true },
  { label: 'Id, descending', keys: [], prefect: true },
  { label: 'Longest run time first', keys: byRunTime('desc'), prefect: true, since: 'durationSorts' },
  { label: 'Shortest run time first', keys: byRunTime('asc'), prefect: true, since: 'durationSorts' },
  { label: 'Last started first', keys: key('start_time', 'desc'), prefect: false },
  { label: 'First started first', keys: key('start_time', 'asc'), prefect: false },
  { label: 'Longest duration first', keys: key('duration', 'desc'), prefect: false },
  { label: 'Longest wait first', keys: key('wait', 'desc'), prefect: false },
  { label: 'Most attempts first', keys: key('run_count', 'desc'), prefect: false },
];

/** The orders that a server of this version has; `prefect` null: its version is not known. */
export const sortsOf = (prefect: string | null): NamedSort[] => {
  const rules = prefectRules(prefect);
  return namedSorts.filter(({ since }) => since === undefined || rules[since]);
};

export function sameSort(a: readonly SortKey[], b: readonly SortKey[]): boolean {
  return a.length === b.length && a.every((one, i) => one.field === b[i]?.field && one.dir === b[i]?.dir);
}

export function sortLabel(keys: readonly SortKey[]): string {
  const named = namedSorts.find((one) => sameSort(one.keys, keys));
  if (named) return named.label;
  return keys.map(({ field, dir }) => `${fieldInfo(field).label} ${dir === 'asc' ? '↑' : '↓'}`).join(', ');
}

/** Columns whose cells show more than their field, in the order of the cell. */
const cellFields: Record<string, readonly string[]> = { 'flow_run.name': ['flow_run.flow.name', 'flow_run.name'] };
/** The fields a column's cells show. */
export const fieldsOfCell = (column: string) => cellFields[column] ?? [column];

/** The order as the headers show it: a column that sorts by several fields is one key. */
export function columnSort(keys: readonly SortKey[]): SortKey[] {
  const shown: SortKey[] = [];
  for (let i = 0; i < keys.length;) {
    const { field, dir } = keys[i];
    const column = Object.keys(cellFields).find((one) =>
      fieldsOfCell(one).every((part, at) => keys[i + at]?.field === part && keys[i + at]?.dir === dir),
    );
    shown.push({ field: column ?? field, dir });
    i += column === undefined ? 1 : fieldsOfCell(column).length;
  }
  return shown;
}

/** Text begins at A, times and numbers with the newest or largest. */
function firstDir(field: string): SortKey['dir'] {
  const { kind } = fieldInfo(field);
  return kind === 'time' || kind === 'number' || kind === 'boolean' ? 'desc' : 'asc';
}

/**
 * A click on a column's header: in its first direction, in the other, off. With `add` (Shift) it becomes one more key instead of the only
 * one. The order holds 8 keys at most.
 */
export function clickedSort(keys: readonly SortKey[], column: string, add: boolean): SortKey[] {
  const shown = columnSort(keys);
  const present = shown.find((one) => one.field === column);
  const others = add ? shown.filter((one) => one.field !== column) : [];
  const first = firstDir(column);
  if (!present) return fieldKeys([...others, { field: column, dir: first }]).slice(-8);
  if (present.dir !== first) return add ? fieldKeys(others) : [...defaultSort];
  const turned: SortKey = { field: column, dir: first === 'asc' ? 'desc' : 'asc' };
  return fieldKeys(add ? shown.map((one) => (one.field === column ? turned : one)) : [turned]);
}

function fieldKeys(columns: readonly SortKey[]): SortKey[] {
  return columns.flatMap(({ field, dir }) => fieldsOfCell(field).map((one) => ({ field: one, dir })));
}
