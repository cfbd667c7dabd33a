/** Orders with a name: Prefect's seven, then five that its API does not have. The grid's headers make any other. */
import type { SortKey } from '../../../src-main/contract/query.ts';
import { fieldInfo } from '../filters/catalog.ts';

export type NamedSort = { label: string; keys: SortKey[]; prefect: boolean };

const key = (field: string, dir: 'asc' | 'desc'): SortKey[] => [{ field, dir }];

export const namedSorts: readonly NamedSort[] = [
  { label: 'Newest expected start', keys: key('expected_start_time', 'desc'), prefect: true },
  { label: 'Oldest expected start', keys: key('expected_start_time', 'asc'), prefect: true },
  { label: 'Name, A to Z', keys: key('name', 'asc'), prefect: true },
  { label: 'Name, Z to A', keys: key('name', 'desc'), prefect: true },
  { label: 'Next scheduled first', keys: key('next_scheduled_start_time', 'asc'), prefect: true },
  { label: 'Last ended first', keys: key('end_time', 'desc'), prefect: true },
  { label: 'Id, descending', keys: [], prefect: true },
  { label: 'Last started first', keys: key('start_time', 'desc'), prefect: false },
  { label: 'First started first', keys: key('start_time', 'asc'), prefect: false },
  { label: 'Longest first', keys: key('duration', 'desc'), prefect: false },
  { label: 'Longest wait first', keys: key('wait', 'desc'), prefect: false },
  { label: 'Most attempts first', keys: key('run_count', 'desc'), prefect: false },
];

export const defaultSort: SortKey[] = key('start_time', 'desc');

export function sameSort(a: readonly SortKey[], b: readonly SortKey[]): boolean {
  return a.length === b.length && a.every((one, i) => one.field === b[i]?.field && one.dir === b[i]?.dir);
}

export function sortLabel(keys: readonly SortKey[]): string {
  const named = namedSorts.find((one) => sameSort(one.keys, keys));
  if (named) return named.label;
  return keys.map(({ field, dir }) => `${fieldInfo(field).label} ${dir === 'asc' ? '↑' : '↓'}`).join(', ');
}

/** A click on a header: descending, ascending, off. With `add` (Shift) it becomes one more key instead of the only one. */
export function clickedSort(keys: readonly SortKey[], field: string, add: boolean): SortKey[] {
  const present = keys.find((one) => one.field === field);
  const others = add ? keys.filter((one) => one.field !== field) : [];
  if (!present) return [...others, { field, dir: 'desc' }].slice(-8) as SortKey[];
  if (present.dir === 'desc') {
    if (!add) return [{ field, dir: 'asc' }];
    return keys.map((one) => (one.field === field ? { field, dir: 'asc' } : one));
  }
  return add ? [...others] : [...defaultSort];
}
