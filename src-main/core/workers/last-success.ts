/**
 * The last success before a run, of the same work: the same task, and where a flow run has several runs of that task, such as a map or a
 * loop, the same place or name among them. A run of the same flow run is never it: its siblings share its time and do other work.
 */
import type { Condition } from '../../contract/query.ts';
import type { TaskRunRow } from '../../contract/run.ts';
import type { Engine } from '../../query/engine.ts';

/** Earlier flow runs that are searched for the same place, and successes that name them. */
const MAX_FLOW_RUNS = 20;
const MAX_SUCCESSES = 5000;

/** `sameInput` false: a run of the same task, but nothing says that its inputs were the same. */
type LastSuccess = { rid: number; sameInput: boolean };

/** `dynamicKey`: as in the run's JSON. null: the task has not succeeded before this run in any other flow run. */
export function lastSuccess(engine: Engine, row: TaskRunRow, dynamicKey: string | null): LastSuccess | null {
  const task = ofTask(row.task_key);
  const { flow_run_id: flowRun, expected_start_time: start } = row;
  const success: Condition = {
    and: [
      task,
      { field: 'state_type', in: ['COMPLETED'] },
      ...(start === null ? [] : [{ field: 'expected_start_time', to: start - 1 }]),
      { not: flowRun === null ? { field: 'id', in: [row.id] } : { field: 'flow_run_id', in: [flowRun] } },
    ],
  };
  const [latest] = newest(engine, success, 1);
  if (latest === undefined) return null;
  if (flowRun === null) return { rid: latest, sameInput: true };
  const siblings = byCall(engine, { and: [task, { field: 'flow_run_id', in: [flowRun] }] });
  if (siblings.length <= 1) return { rid: latest, sameInput: true };

  const name = engine.accessor('name', 'task_run');
  const unique = siblings.filter((rid) => name(rid) === row.name).length === 1;
  if (unique && !isGenerated(row.name, dynamicKey)) {
    const [named] = newest(engine, { and: [success, { field: 'name', in: [row.name] }] }, 1);
    return named === undefined ? { rid: latest, sameInput: false } : { rid: named, sameInput: true };
  }
  const placed = atSamePlace(engine, task, success, row.id, siblings);
  return placed === null ? { rid: latest, sameInput: false } : { rid: placed, sameInput: true };
}

function ofTask(key: string | null): Condition {
  return key === null ? { field: 'task_key', isNull: true } : { field: 'task_key', in: [key] };
}

function newest(engine: Engine, where: Condition, most: number): Uint32Array {
  return engine.ask({ where, sort: [{ field: 'expected_start_time', dir: 'desc' }], now: 0 }).slice(0, most);
}

/** By id, the last call first: Prefect makes ids of version 7 in the order of the calls. */
function byCall(engine: Engine, where: Condition): Uint32Array {
  return engine.ask({ where, sort: [], now: 0 }).order;
}

/**
 * Prefect 3 ends a name with the first digits of a random key, so it says nothing of the inputs. Prefect 2 ends it with the map index,
 * and a name that a person has chosen usually says the input.
 */
function isGenerated(name: string, dynamicKey: string | null): boolean {
  if (dynamicKey === null || /^\d+$/.test(dynamicKey)) return false;
  return name.endsWith(`-${dynamicKey.slice(0, 3)}`) || name.endsWith(dynamicKey);
}

/** The newest success at the same place among as many runs of the task in its flow run. null: none, or ids that have no order. */
function atSamePlace(
  engine: Engine,
  task: Condition,
  success: Condition,
  id: string,
  siblings: Uint32Array,
): number | null {
  const idOf = (rid: number) => engine.idOf('task_run', rid);
  const place = siblings.findIndex((rid) => idOf(rid) === id);
  const ordered = (rids: ArrayLike<number>) => Array.from(rids).every((rid) => idOf(rid)[14] === '7');
  if (place < 0 || !ordered(siblings)) return null;
  const succeeded = newest(engine, success, MAX_SUCCESSES);
  const flowRunOf = engine.accessor('flow_run_id', 'task_run');
  const flowRuns = [...new Set(Array.from(succeeded, (rid) => String(flowRunOf(rid))))].slice(0, MAX_FLOW_RUNS);
  const runs = new Map<string, number[]>(flowRuns.map((one) => [one, []]));
  const known = flowRuns.filter((one) => one !== 'null');
  for (const rid of byCall(engine, { and: [task, { field: 'flow_run_id', in: known }] }))
    runs.get(String(flowRunOf(rid)))?.push(rid);
  const isSuccess = new Set(succeeded);
  for (const others of runs.values()) {
    const same = others[place];
    if (others.length === siblings.length && same !== undefined && isSuccess.has(same) && ordered(others)) return same;
  }
  return null;
}
