/** The groups of the list as a CSV file: those on screen, in their order, with every digit. */
import { quoted } from '../../../src-main/contract/csv-text.ts';
import type { Group } from '../../../src-main/contract/query.ts';
import { formatTime } from '../../../src-main/contract/time.ts';
import type { GroupBy } from '../filters/groupings.ts';

const heads = 'runs,failed,retried,median_seconds,p95_seconds,longest_seconds,total_seconds,last_start';

/** The name of a group, and beside it its id or key; of days and hours the time they begin at. Times in UTC; an empty cell is a missing value. */
export function groupsCsv(
  { label, field, time }: Pick<GroupBy, 'label' | 'field' | 'time'>,
  groups: readonly Group[],
): string {
  const first = quoted(label.toLowerCase().replaceAll(' ', '_'), ',');
  const lines = groups.map((group) => {
    const { value, runs, failed, retried, median, p95, longest, total, last } = group;
    const name = value === null ? '' : quoted(time ? formatTime(Number(value)) : group.label, ',');
    const key = value === null || time ? '' : quoted(value, ',');
    const numbers = [runs, failed, retried, median, p95, longest, total].map((one) => one ?? '');
    return [name, key, ...numbers, last === null ? '' : formatTime(last)].join(',');
  });
  return [`${first},${quoted(field, ',')},${heads}`, ...lines].join('\r\n') + '\r\n';
}
