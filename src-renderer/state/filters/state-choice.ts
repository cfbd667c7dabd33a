/**
 * State type and state name are one list in the panel (names nested under their type), and ticks in it add up:
 * "Crashed or TimedOut" is one OR over the two fields. Excluding works the same way inside one `not`.
 */
import { conjuncts, joined, type Gesture } from './conditions.ts';
import { failureStateTypes } from '../../../src-main/contract/fields.ts';
import type { Condition } from '../../../src-main/contract/query.ts';

type StateSet = { types: string[]; names: string[] };
export type StateChoice = { include: StateSet; exclude: StateSet };

const TYPE = 'state_type';
const NAME = 'state_name';

function setOf(condition: Condition, prefix: string): StateSet | null {
  if ('in' in condition) {
    const values = condition.in.map(String);
    if (condition.field === prefix + TYPE) return { types: values, names: [] };
    if (condition.field === prefix + NAME) return { types: [], names: values };
    return null;
  }
  if (!('or' in condition) || condition.or.length === 0) return null;
  const sets = condition.or.map((one) => setOf(one, prefix));
  if (sets.some((set) => set === null)) return null;
  return { types: sets.flatMap((set) => set?.types ?? []), names: sets.flatMap((set) => set?.names ?? []) };
}

function conditionOf(set: StateSet, prefix: string): Condition | null {
  const parts: Condition[] = [];
  if (set.types.length > 0) parts.push({ field: prefix + TYPE, in: set.types });
  if (set.names.length > 0) parts.push({ field: prefix + NAME, in: set.names });
  if (parts.length === 0) return null;
  return parts.length === 1 && parts[0] ? parts[0] : { or: parts };
}

/** The states a conjunct includes or excludes; null when it is about something else. */
export function statesOf(one: Condition, prefix = ''): { set: StateSet; not: boolean } | null {
  const not = 'not' in one;
  const set = setOf(not ? one.not : one, prefix);
  return set ? { set, not } : null;
}

/** `prefix` is '' for the task run's own state, 'flow_run.' for its flow run's. */
export function readStates(where: Condition, prefix = ''): StateChoice {
  const choice: StateChoice = { include: { types: [], names: [] }, exclude: { types: [], names: [] } };
  for (const one of conjuncts(where)) {
    const read = statesOf(one, prefix);
    if (!read) continue;
    const side = read.not ? choice.exclude : choice.include;
    side.types = [...side.types, ...read.set.types];
    side.names = [...side.names, ...read.set.names];
  }
  return choice;
}

/** Whether every run of the question has failed or crashed, as far as its filters say so. */
export function failuresAlone(where: Condition): boolean {
  return conjuncts(where).some((one) => {
    if ('field' in one && one.field === 'failure') return 'in' in one && one.in.length > 0;
    const read = statesOf(one);
    if (!read || read.not || read.set.names.length > 0) return false;
    return read.set.types.length > 0 && read.set.types.every((type) => failureStateTypes.includes(type));
  });
}

export function writeStates(where: Condition, choice: StateChoice, prefix = ''): Condition {
  const include = conditionOf(choice.include, prefix);
  const exclude = conditionOf(choice.exclude, prefix);
  const next = [...(include ? [include] : []), ...(exclude ? [{ not: exclude }] : [])];
  const list = conjuncts(where);
  const place = list.findIndex((one) => statesOf(one, prefix) !== null);
  const kept = list.filter((one) => statesOf(one, prefix) === null);
  // the state chip leads when it is new, and keeps its place when it is edited
  const at = place < 0 ? 0 : place;
  return joined([...kept.slice(0, at), ...next, ...kept.slice(at)]);
}

const cleared: StateSet = { types: [], names: [] };
const dropped = (list: string[], value: string) => list.filter((one) => one !== value);

/** A click on a type. Its names, being part of it, lose ticks of their own. */
export function toggleType(choice: StateChoice, type: string, names: string[], gesture: Gesture): StateChoice {
  if (gesture === 'only') return { include: { types: [type], names: [] }, exclude: cleared };
  const strip = (set: StateSet): StateSet => ({
    types: dropped(set.types, type),
    names: set.names.filter((name) => !names.includes(name)),
  });
  const include = strip(choice.include);
  const exclude = strip(choice.exclude);
  const wasIn = choice.include.types.includes(type);
  const wasOut = choice.exclude.types.includes(type);
  if (gesture === 'include' && !wasIn && !wasOut) include.types = [...include.types, type];
  if (gesture === 'exclude' && !wasOut) exclude.types = [...exclude.types, type];
  return { include, exclude };
}

/** A click on a name under `type`. With the whole type ticked it narrows the tick to this name. */
export function toggleName(choice: StateChoice, type: string, name: string, gesture: Gesture): StateChoice {
  if (gesture === 'only') return { include: { types: [], names: [name] }, exclude: cleared };
  const wasIn = choice.include.names.includes(name);
  const wasOut = choice.exclude.names.includes(name);
  const include = { types: choice.include.types, names: dropped(choice.include.names, name) };
  const exclude = { types: choice.exclude.types, names: dropped(choice.exclude.names, name) };
  if (gesture === 'exclude') {
    if (!wasOut) exclude.names = [...exclude.names, name];
  } else if (!wasIn && !wasOut) {
    include.types = dropped(include.types, type);
    include.names = [...include.names, name];
  }
  return { include, exclude };
}

/**
 * Prefect's own names (3.8.8). The types of others are asked from the archive, and of Prefect's `RolledBack` and `Skipped`, which flows give to
 * states of other types too.
 */
const prefectNames: Record<string, string> = {
  Scheduled: 'SCHEDULED',
  Late: 'SCHEDULED',
  AwaitingRetry: 'SCHEDULED',
  AwaitingConcurrencySlot: 'SCHEDULED',
  Pending: 'PENDING',
  NotReady: 'PENDING',
  InfrastructurePending: 'PENDING',
  Submitting: 'PENDING',
  Running: 'RUNNING',
  Retrying: 'RUNNING',
  Completed: 'COMPLETED',
  Cached: 'COMPLETED',
  Failed: 'FAILED',
  TimedOut: 'FAILED',
  Crashed: 'CRASHED',
  Paused: 'PAUSED',
  Suspended: 'PAUSED',
  Cancelling: 'CANCELLING',
  Cancelled: 'CANCELLED',
};

/** The type of Prefect's own state names: Late is SCHEDULED. null: a name that a flow has made up. */
export function typeOfName(name: string): string | null {
  return Object.hasOwn(prefectNames, name) ? (prefectNames[name] ?? null) : null;
}
