/** The groups of the list as a CSV file: those on screen, in their order, with every digit. */
import { csvHeader, csvLine, csvText } from '../../../src-main/contract/csv-text.ts';
import { timeFormat } from '../../../src-main/contract/local-time.ts';
import type { Group } from '../../../src-main/contract/query.ts';
import type { GroupBy } from '../filters/groupings.ts';
import type { CsvChoice } from './csv-choice.ts';

const heads = {
  runs: 'Runs',
  failed: 'Failed',
  retried: 'Retried',
  median_seconds: 'Median, s',
  p95_seconds: '95th percentile, s',
  longest_seconds: 'Longest, s',
  total_seconds: 'Total, s',
  last_start: 'Last start',
};

/** The name of a group, and beside it its id or key; of days and hours the time they begin at. An empty cell is a missing value. */
export function groupsCsv(
  { label, field, time }: Pick<GroupBy, 'label' | 'field' | 'time'>,
  groups: readonly Group[],
  csv: CsvChoice,
): string {
  const timeText = timeFormat(csv.time_zone);
  const names =
    csv.header === 'key'
      ? [label.toLowerCase().replaceAll(' ', '_'), field, ...Object.keys(heads)]
      : [label, `${label} (${field})`, ...Object.values(heads)];
  const lines = groups.map(({ value, label: name, runs, failed, retried, median, p95, longest, total, last }) => {
    const numbers = [runs, failed, retried, median, p95, longest, total].map((one) =>
      one === null ? '' : String(one),
    );
    const [shown, key] = value === null ? [null, null] : time ? [timeText(Number(value)), null] : [name, value];
    const start = last === null ? '' : timeText(last);
    return csvLine([csvText(shown, csv), csvText(key, csv), ...numbers, start], csv);
  });
  return csvHeader(names, csv) + lines.join('');
}
