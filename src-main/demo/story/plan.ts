/**
 * The plan of one flow run from beginning to end, its future included; history.ts leaves out what has not happened yet. Times in µs;
 * NaN for never.
 */
import { background, flows } from './catalog.ts';
import type { FlowSpec, TaskSpec } from './flow-spec.ts';
import { failuresOf } from './failures.ts';
import { incidentAt, type Incident } from './incidents.ts';
import { Random } from './random.ts';

export const outcomes = [
  'Completed',
  'Cached',
  'Failed',
  'TimedOut',
  'Crashed',
  'Cancelled',
  'NotReady',
  'Lost', // the machine died: the run stays Running
] as const;
export type Outcome = (typeof outcomes)[number];

export const triggers = ['schedule', 'person', 'automation', 'parent'] as const;
export type Trigger = (typeof triggers)[number];

export type TaskPlan = {
  /** number among the flow's own tasks, or among `background` */
  spec: number;
  /** place in a map */
  map: number;
  expected: number;
  start: number;
  end: number;
  outcome: Outcome;
  /** attempts begun */
  attempts: number;
  /** number in `failures`, -1: none */
  failure: number;
  child: FlowPlan | null;
};

export type FlowPlan = {
  /** number in `flows`; -1: background tasks without a flow run */
  flow: number;
  /** number in the flow's deployments; -1: none, -2: the deleted one */
  deployment: number;
  trigger: Trigger;
  expected: number;
  start: number;
  end: number;
  outcome: Outcome;
  tasks: TaskPlan[];
};

export type World = { seed: number; incidents: readonly Incident[] };

const SECOND = 1e6;
const flowNumber = new Map(flows.map((flow, number) => [flow.name, number]));
const bad: readonly Outcome[] = ['Failed', 'TimedOut', 'Crashed', 'Cancelled', 'NotReady', 'Lost'];

type Head = { flow: number; expected: number; seed: number; trigger: Trigger; deployment: number };

export function planFlowRun(world: World, head: Head): FlowPlan {
  const random = new Random(head.seed);
  const flow = flows[head.flow];
  const micros = (seconds: number) => Math.round(seconds * SECOND);
  // a worker polls about every ten seconds; one start in fifty waits minutes for a slot
  const late = head.trigger === 'parent' ? 0.05 : random.chance(0.02) ? 240 * random.next() : random.lognormal(5, 0.6);
  const start = head.expected + micros(late);
  const plan: FlowPlan = { ...head, start, end: start, outcome: 'Completed', tasks: [] };
  const ended = new Map<string, { at: number; good: boolean }>();

  for (const [number, spec] of flow.tasks.entries()) {
    const upstream = spec.after.flatMap((name) => ended.get(name) ?? []);
    const ready = Math.max(start, ...upstream.map((one) => one.at)) + micros(0.02 + 0.2 * random.next());
    const blocked = upstream.some((one) => !one.good);
    const count = blocked ? 1 : random.int(spec.fan[0], spec.fan[1]);
    let at = ready;
    let good = true;
    for (let map = 0; map < count; map++) {
      const expected = ready + micros(map * 0.009 + 0.001 * random.next());
      const task = blocked
        ? {
            spec: number,
            map,
            expected,
            start: NaN,
            end: NaN,
            outcome: 'NotReady' as const,
            attempts: 0,
            failure: -1,
            child: null,
          }
        : planTask(world, random, spec, { number, map, expected, flow });
      plan.tasks.push(task);
      if (task.outcome !== 'NotReady') at = Math.max(at, task.end);
      if (bad.includes(task.outcome)) good = false;
    }
    ended.set(spec.name, { at, good });
    plan.end = Math.max(plan.end, at);
    if (!good) plan.outcome = 'Failed';
  }
  plan.end += micros(0.3 + random.next());
  const fate = random.next();
  if (fate < 0.004) stopAt(plan, random, 'Crashed');
  else if (fate < 0.009) stopAt(plan, random, 'Cancelled');
  else if (fate < 0.0098 && head.trigger !== 'parent') stopAt(plan, random, 'Lost');
  return plan;
}

type Place = { number: number; map: number; expected: number; flow: FlowSpec };

function planTask(world: World, random: Random, spec: TaskSpec, place: Place): TaskPlan {
  const { number, map, expected } = place;
  const micros = (seconds: number) => Math.round(seconds * SECOND);
  // at most eight runs of a map at once
  const queued = Math.floor(map / 8) * spec.median;
  const start = expected + micros(0.03 + random.lognormal(0.12, 0.8) + queued);
  const base = { spec: number, map, expected, start, attempts: 1, failure: -1, child: null };

  if (spec.subflow) {
    const flow = flowNumber.get(spec.subflow) ?? 0;
    const child = planFlowRun(world, {
      flow,
      expected: start,
      seed: random.int(0, 2 ** 31),
      trigger: 'parent',
      deployment: -1,
    });
    const outcome = child.outcome === 'NotReady' ? 'Failed' : child.outcome;
    return { ...base, end: child.end, outcome, child };
  }
  if (random.chance(spec.cached)) {
    const end = expected + micros(0.04 + 0.05 * random.next());
    return { ...base, start: end, end, outcome: 'Cached', attempts: 0 };
  }

  const incident = incidentAt(world.incidents, spec.causes, start);
  const chance = incident ? incident.chance : spec.fails;
  const failure = incident ? incident.failure : random.pick(failuresOf(spec.causes));
  let end = start;
  for (let attempts = 1; ; attempts++) {
    const seconds = random.lognormal(spec.median, spec.sigma);
    if (spec.timeout && seconds > spec.timeout) {
      end += micros(spec.timeout);
      return { ...base, end, outcome: 'TimedOut', attempts };
    }
    const failed = random.chance(chance);
    end += micros(failed ? seconds * (0.05 + 0.9 * random.next()) : seconds);
    if (!failed) return { ...base, end, outcome: 'Completed', attempts, failure: attempts > 1 ? failure : -1 };
    if (attempts > spec.retries) return { ...base, end, outcome: 'Failed', attempts, failure };
    end += micros(spec.retryDelay);
  }
}

/** Ends a run early: its running tasks end with it, tasks that had not begun are left out. */
function stopAt(plan: FlowPlan, random: Random, outcome: 'Crashed' | 'Cancelled' | 'Lost'): void {
  const at = Math.round(plan.start + (plan.end - plan.start) * random.next());
  cut(plan, at, outcome);
}

function cut(plan: FlowPlan, at: number, outcome: 'Crashed' | 'Cancelled' | 'Lost'): void {
  plan.end = outcome === 'Lost' ? NaN : at;
  plan.outcome = outcome;
  plan.tasks = plan.tasks.filter((task) => task.expected <= at);
  for (const task of plan.tasks) {
    if (task.outcome === 'NotReady' || task.end <= at) continue;
    if (task.child) cut(task.child, at, outcome);
    task.outcome = outcome;
    // never begun: Prefect sets the start with the terminal state
    if (task.start > at) {
      task.attempts = 0;
      task.start = outcome === 'Lost' ? NaN : at;
    }
    task.end = outcome === 'Lost' ? NaN : at;
  }
}

/** A burst of `.delay()`ed tasks; `expected` is their scheduled time, often minutes after they were sent. */
export function planBackground(world: World, head: { expected: number; seed: number }): FlowPlan {
  const random = new Random(head.seed);
  const number = random.int(0, background.length - 1);
  const spec = background[number];
  const none = flows[0];
  const tasks = Array.from({ length: random.int(1, 6) }, (_, map) =>
    planTask(world, random, spec, {
      number,
      map,
      expected: head.expected + map * 1700 + random.int(0, 900),
      flow: none,
    }),
  );
  return {
    flow: -1,
    deployment: -1,
    trigger: 'person',
    expected: head.expected,
    start: NaN,
    end: NaN,
    outcome: 'Completed',
    tasks,
  };
}
