/**
 * The rows of the timeline: a row for each task run, the runs of one task folded into one row, and the task runs of a subflow below the run
 * that has started it.
 */
import { failureStateTypes } from '../../../src-main/contract/fields.ts';
import type { Subflow } from '../../../src-main/contract/flow-run.ts';
import { beginOf, isOver, type Part, type TaskRun } from './model.ts';

export type Order = 'start' | 'dependency' | 'task';

/** What folds into one row: a run, or all runs of a task. */
export type Item = { key: string; name: string; task_key: string | null; runs: readonly TaskRun[] };

type At = {
  key: string;
  /** from 1 */
  level: number;
  /** place among its siblings, from 1, and how many there are */
  place: number;
  siblings: number;
  part: Part;
};
export type RunRow = At & { kind: 'run'; run: TaskRun; open: boolean };
export type GroupRow = At & { kind: 'group'; item: Item; open: boolean };
/** In place of a subflow's task runs: they are not here, or not yet. */
export type NoteRow = At & { kind: 'note'; subflow: Subflow };
export type Row = RunRow | GroupRow | NoteRow;

/** Runs of one task make one item. `nameOf`: of a task key. */
export function itemsOf(runs: readonly TaskRun[], nameOf: (key: string) => string): Item[] {
  const byTask = new Map<string, TaskRun[]>();
  for (const run of runs) {
    const key = run.task_key ?? run.id;
    const list = byTask.get(key);
    if (list) list.push(run);
    else byTask.set(key, [run]);
  }
  return [...byTask].map(([key, list]) => {
    const [first] = list as [TaskRun];
    const name = list.length > 1 || !first.name ? nameOf(first.task_key ?? first.id) : first.name;
    return { key: list.length > 1 ? `task:${key}` : first.id, name, task_key: first.task_key, runs: list };
  });
}

const timeOf = (run: TaskRun) => beginOf(run) ?? Infinity;
const firstOf = ({ runs }: Item) => runs.reduce((first, run) => Math.min(first, timeOf(run)), Infinity);
const byNumber = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);
const byText = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

/** For each item the items whose runs gave results to its runs; no item is its own. */
export function inputsOf(items: readonly Item[]): number[][] {
  const itemOf: number[] = [];
  items.forEach(({ runs }, i) => {
    for (const { place } of runs) itemOf[place] = i;
  });
  return items.map(({ runs }, i) => {
    const inputs = new Set<number>();
    for (const { upstream } of runs)
      for (const place of upstream) {
        const other = itemOf[place];
        if (other !== undefined && other !== i) inputs.add(other);
      }
    return [...inputs];
  });
}

/**
 * How many steps each item is from one without inputs, by the longest way. Tasks that take results from each other in turn, as in a loop,
 * have no such number: the one that began first counts as if its inputs were known.
 */
export function depthsOf(items: readonly Item[], inputs: readonly (readonly number[])[]): number[] {
  const waits = inputs.map(({ length }) => length);
  const outputs: number[][] = items.map(() => []);
  inputs.forEach((list, i) => {
    for (const input of list) outputs[input]?.push(i);
  });
  const depths = items.map(() => 0);
  const done = items.map(() => false);
  const firsts = items.map(firstOf);
  const byTime = items
    .map((_, i) => i)
    .sort((a, b) => byNumber(firsts[a], firsts[b]) || byText(items[a].key, items[b].key));
  const ready = byTime.filter((i) => waits[i] === 0);
  const settle = (next: number) => {
    done[next] = true;
    for (const output of outputs[next]) {
      if (done[output]) continue;
      depths[output] = Math.max(depths[output], depths[next] + 1);
      waits[output] -= 1;
      if (waits[output] === 0) ready.push(output);
    }
  };
  // `ready` grows while it is walked; `byTime` comes to the turn when only tasks in a circle are left
  let at = 0;
  for (const first of byTime) {
    for (; at < ready.length; at++) if (!done[ready[at]]) settle(ready[at]);
    if (!done[first]) settle(first);
  }
  return depths;
}

export function orderItems(items: readonly Item[], order: Order): Item[] {
  const firsts = items.map(firstOf);
  const depths = order === 'dependency' ? depthsOf(items, inputsOf(items)) : [];
  const places = items.map((_, i) => i);
  places.sort((a, b) => {
    const byOrder =
      order === 'dependency' ? depths[a] - depths[b] : order === 'task' ? byText(items[a].name, items[b].name) : 0;
    return byOrder || byNumber(firsts[a], firsts[b]) || byText(items[a].key, items[b].key);
  });
  return places.map((i) => items[i]);
}

const inTime = (runs: readonly TaskRun[]): TaskRun[] => {
  const times = new Map(runs.map((run) => [run, timeOf(run)]));
  return [...runs].sort((a, b) => byNumber(times.get(a) ?? 0, times.get(b) ?? 0) || a.place - b.place);
};

/**
 * All rows in sight when everything in `open` is open. `items`: a part's, in order. `parts`: the subflows read so far, by id; a key may stand in
 * several flow runs, so it begins with its flow run's id.
 */
export function rowsOf(
  part: Part,
  items: (part: Part) => readonly Item[],
  open: ReadonlySet<string>,
  parts: ReadonlyMap<string, Part>,
): Row[] {
  const rows: Row[] = [];
  // a subflow cannot start its own parent, but an archive may say so
  const within = new Set<string>();
  const addPart = (one: Part, level: number) => {
    const list = items(one);
    within.add(one.head.id);
    list.forEach((item, i) => {
      const [only] = item.runs;
      const key = `${one.head.id}/${item.key}`;
      const at = { key, level, place: i + 1, siblings: list.length, part: one };
      if (item.runs.length === 1 && only) addRun({ ...at, kind: 'run', run: only, open: open.has(key) });
      else {
        const isOpen = open.has(key);
        rows.push({ ...at, kind: 'group', item, open: isOpen });
        if (!isOpen) return;
        const runs = inTime(item.runs);
        runs.forEach((run, place) => {
          const own = `${one.head.id}/${run.id}`;
          const below = { key: own, level: level + 1, place: place + 1, siblings: runs.length, part: one };
          addRun({ ...below, kind: 'run', run, open: open.has(own) });
        });
      }
    });
    within.delete(one.head.id);
  };
  const addRun = (row: RunRow) => {
    rows.push(row);
    if (!row.open) return;
    for (const subflow of row.run.subflows) {
      const sub = parts.get(subflow.id);
      if (sub && sub.runs.length > 0 && !within.has(subflow.id)) addPart(sub, row.level + 1);
      else {
        const key = `${row.key}/${subflow.id}`;
        rows.push({ kind: 'note', key, level: row.level + 1, place: 1, siblings: 1, part: row.part, subflow });
      }
    }
  };
  addPart(part, 1);
  return rows;
}

/** `37 of 50` are over, `2` of these failed or crashed. */
export function countStates(runs: readonly TaskRun[]): { over: number; failed: number; running: number; of: number } {
  let [over, failed, running] = [0, 0, 0];
  for (const run of runs) {
    if (isOver(run)) over += 1;
    if (run.state_type !== null && failureStateTypes.includes(run.state_type)) failed += 1;
    if (run.state_type === 'RUNNING') running += 1;
  }
  return { over, failed, running, of: runs.length };
}

/** What a folded row shows: a failure before everything else, then what is not over, then the end most of them had. */
export function stateOf(runs: readonly TaskRun[]): string | null {
  const counts = new Map<string | null, number>();
  for (const { state_type: type } of runs) counts.set(type, (counts.get(type) ?? 0) + 1);
  for (const type of [...failureStateTypes, 'RUNNING', 'PAUSED', 'CANCELLING', 'PENDING', 'SCHEDULED', null])
    if (counts.has(type)) return type;
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}
