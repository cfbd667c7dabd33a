/** What a list can be grouped by, and the condition that one of its groups stands for. */
import type { Condition, Grouping, Histogram } from '../../../src-main/contract/query.ts';
import { edgesOf } from '../../../src-main/contract/zone.ts';
import { zoneOf } from '../../format.ts';
import { fieldInfo } from './catalog.ts';
import { conjuncts, joined, writeChoice, writePresence, writeRange } from './conditions.ts';

export type GroupBy = {
  label: string;
  field: string;
  /** stretches of the field instead of its values */
  time?: 'day' | 'hour';
};

const values: readonly GroupBy[] = [
  { label: 'Task', field: 'task_key' },
  { label: 'Flow', field: 'flow_run.flow_id' },
  { label: 'Flow run', field: 'flow_run_id' },
  { label: 'Deployment', field: 'flow_run.deployment_id' },
  { label: 'State', field: 'state_name' },
  { label: 'Failure', field: 'failure' },
  { label: 'Tag', field: 'tags' },
  { label: 'Work queue', field: 'flow_run.work_queue_name' },
];

/** µs */
const HOUR = 3_600_000_000;
/** Most stretches of one answer; hours of more than a year are not offered. */
const MOST = 10_000;

const times: Readonly<Record<'day' | 'hour', string>> = { day: 'Day', hour: 'Hour' };

/** null: nothing can be grouped so. */
export function groupByOf(field: string, time: 'day' | 'hour' | null): GroupBy | null {
  if (time === null) return values.find((one) => one.field === field) ?? null;
  return fieldInfo(field).kind === 'time' ? { label: times[time], field, time } : null;
}

/** `histogram`: of the answer on screen; its field is the time that days and hours are made of. */
export function groupBys(histogram: Histogram | null): readonly GroupBy[] {
  if (!histogram) return values;
  const { field } = histogram;
  const hours = lengthOf(histogram) / HOUR;
  return [
    ...values,
    { label: times.day, field, time: 'day' as const },
    ...(hours < MOST - 2 ? [{ label: times.hour, field, time: 'hour' as const }] : []),
  ];
}

const lengthOf = ({ step, series }: Histogram): number => step * (series[0]?.counts.length ?? 1);

/** Days and hours are those of the clock the window shows. */
export function groupingOf({ field, time }: GroupBy, histogram: Histogram | null, utc: boolean): Grouping {
  if (!time || !histogram) return { field };
  const until = histogram.from + lengthOf(histogram);
  return { field, edges: edgesOf(histogram.from, until, time, zoneOf(utc), MOST) };
}

/** `value`: the group's, null for the runs without one. */
export function conditionOfGroup(
  where: Condition,
  { field, time }: GroupBy,
  grouping: Grouping,
  value: string | null,
): Condition {
  if (time && grouping.edges && value !== null) {
    const from = Number(value);
    const next = grouping.edges[grouping.edges.indexOf(from) + 1];
    return writeRange(where, field, { from, to: next - 1 });
  }
  if (time) return writePresence(where, field, 'none');
  // a run has several tags: the group is those of the list that have this one too
  if (fieldInfo(field).kind === 'tags') {
    const one: Condition = value === null ? { field, isNull: true } : { field, all: [value] };
    return joined([...conjuncts(where), one]);
  }
  return writeChoice(where, field, { include: [value], exclude: [], mode: 'all' });
}
