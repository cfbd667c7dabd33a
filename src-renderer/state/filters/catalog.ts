/** What each field of the contract is called in the window, and which section of the panel edits it. */
import {
  fieldsOf,
  pathsFromTaskRun,
  resolveField,
  type Entity,
  type FieldKind,
} from '../../../src-main/contract/fields.ts';

/** A field as the window sees it: by its path from a task run. */
export type PathInfo = {
  path: string;
  label: string;
  /** for a chip, where the place says what it is about */
  short: string;
  kind: FieldKind;
  group: string;
};

const groups: Record<Entity, string> = {
  task_run: 'Task run',
  flow_run: 'Flow run',
  flow: 'Flow',
  deployment: 'Deployment',
};

/** Every field that a condition on a task run may name, in the contract's order. */
export const allFields: readonly PathInfo[] = pathsFromTaskRun.flatMap(({ entity, prefix }) =>
  fieldsOf(entity).map(([name, { kind, title, chip }]) => {
    const short = chip ?? title.charAt(0).toLowerCase() + title.slice(1);
    return { path: prefix + name, label: title, short, kind, group: groups[entity] };
  }),
);

const byPath = new Map(allFields.map((info) => [info.path, info]));

export function fieldInfo(path: string): PathInfo {
  const known = byPath.get(path);
  if (known) return known;
  const resolved = resolveField('task_run', path);
  return { path, label: path, short: path, kind: resolved?.kind ?? 'text', group: 'Other' };
}

export function shortLabel(path: string): string {
  return fieldInfo(path).short;
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
  'latest_attempt',
  'run_count',
  'left_behind',
  'seen',
  'bookmarked',
  'note',
  'failure_note',
  'gone',
];

/** The same facts under a second name: the panel offers the first, a query may use either. */
const doubles: readonly string[] = ['flow_run.id', 'flow_run.flow.id', 'flow_run.deployment.id'];

type FieldGroup = { title: string; fields: PathInfo[] };

export const moreFields: readonly FieldGroup[] = Object.values(groups).map((title) => ({
  title,
  fields: allFields.filter(
    (info) => info.group === title && !mainPaths.includes(info.path) && !doubles.includes(info.path),
  ),
}));
