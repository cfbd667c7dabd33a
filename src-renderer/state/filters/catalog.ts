/** What each field of the contract is called in the window, and which section of the panel edits it. */
import { fields, resolveField, type Entity, type FieldKind } from '../../../src-main/contract/fields.ts';

export type FieldInfo = {
  path: string;
  label: string;
  kind: FieldKind;
  group: string;
};

const groups: { entity: Entity; prefix: string; title: string }[] = [
  { entity: 'task_run', prefix: '', title: 'Task run' },
  { entity: 'flow_run', prefix: 'flow_run.', title: 'Flow run' },
  { entity: 'flow', prefix: 'flow_run.flow.', title: 'Flow' },
  { entity: 'deployment', prefix: 'flow_run.deployment.', title: 'Deployment' },
];

/** Words where the field's own name would not do. */
const labels: Record<string, string> = {
  id: 'Task run id',
  name: 'Task run name',
  task_key: 'Task',
  flow_run_id: 'Flow run',
  state_type: 'State',
  state_name: 'State name',
  failure: 'Failure',
  expected_start_time: 'Expected start',
  next_scheduled_start_time: 'Next scheduled start',
  start_time: 'Started',
  end_time: 'Ended',
  state_timestamp: 'State since',
  created: 'Created',
  updated: 'Updated',
  run_count: 'Attempts',
  total_run_time: 'Total run time',
  duration: 'Duration',
  wait: 'Waited',
  gone: 'Gone from server',
  'flow_run.id': 'Flow run id',
  'flow_run.flow_id': 'Flow',
  'flow_run.deployment_id': 'Deployment',
  'flow_run.parent_task_run_id': 'Parent task run',
  'flow_run.state_type': 'Flow run state',
  'flow_run.state_name': 'Flow run state name',
  'flow_run.created_by': 'Has a creator',
  'flow_run.created_by_id': 'Creator id',
  'flow_run.created_by_type': 'Creator type',
  'flow_run.start_or_expected_time': 'Flow run start or expected',
  'flow_run.run_count': 'Flow run attempts',
  'flow_run.gone': 'Flow run gone from server',
  'flow_run.flow.gone': 'Flow gone from server',
  'flow_run.deployment.gone': 'Deployment gone from server',
  'flow_run.deployment.work_queue_name': 'Deployment work queue',
  'flow_run.work_queue_name': 'Flow run work queue',
  'flow_run.flow.name': 'Flow name',
  'flow_run.flow.id': 'Flow id',
  'flow_run.deployment.id': 'Deployment id',
  'flow_run.deployment.flow_id': 'Deployment’s flow',
  'flow_run.deployment.name': 'Deployment name',
};

/** Shorter words for a chip or a column, where the place says what it is about. */
const shortLabels: Record<string, string> = {
  state_type: 'state',
  state_name: 'state',
  start_time: 'start',
  end_time: 'end',
  expected_start_time: 'expected start',
  task_key: 'task',
  name: 'name',
  run_count: 'attempts',
};

function fromName(path: string, group: string): string {
  const words = (path.split('.').pop() ?? path).replaceAll('_', ' ');
  if (group === 'Task run') return words.charAt(0).toUpperCase() + words.slice(1);
  return `${group} ${words}`;
}

function labelled(path: string, kind: FieldKind, group: string): FieldInfo {
  return { path, label: labels[path] ?? fromName(path, group), kind, group };
}

/** Every field that a condition on a task run may name, in the contract's order. */
export const allFields: readonly FieldInfo[] = groups.flatMap(({ entity, prefix, title }) =>
  Object.entries(fields[entity]).map(([name, kind]) => labelled(prefix + name, kind, title)),
);

const byPath = new Map(allFields.map((info) => [info.path, info]));

export function fieldInfo(path: string): FieldInfo {
  const known = byPath.get(path);
  if (known) return known;
  const resolved = resolveField('task_run', path);
  return { path, label: path, kind: resolved?.kind ?? 'text', group: 'Other' };
}

export function shortLabel(path: string): string {
  const short = shortLabels[path];
  if (short) return short;
  const label = fieldInfo(path).label;
  return label.charAt(0).toLowerCase() + label.slice(1);
}

/** The sections that are always on the panel; each covers these paths. */
export const mainPaths: readonly string[] = [
  'state_type',
  'state_name',
  'failure',
  'start_time',
  'flow_run.flow_id',
  'flow_run.deployment_id',
  'tags',
  'task_key',
  'name',
  'flow_run_id',
  'gone',
];

/** The same facts under a second name: the panel offers the first, a query may use either. */
const doubles: readonly string[] = ['flow_run.id', 'flow_run.flow.id', 'flow_run.deployment.id'];

export type FieldGroup = { title: string; fields: FieldInfo[] };

export const moreFields: readonly FieldGroup[] = groups.map(({ title }) => ({
  title,
  fields: allFields.filter(
    (info) => info.group === title && !mainPaths.includes(info.path) && !doubles.includes(info.path),
  ),
}));
