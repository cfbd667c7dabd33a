/**
 * Everything that happens in the demo, as narrow columns: about 40 bytes a task run. Rows are numbered in the order they were planned
 * and keep their number. Times in µs; NaN for never.
 */
import { background, flows } from './catalog.ts';
import { hourHeads, planHead, presentHeads, storyHeads } from './heads.ts';
import { Ids } from './ids.ts';
import { tellIncidents } from './incidents.ts';
import { outcomes, triggers, type FlowPlan, type Outcome, type TaskPlan, type Trigger, type World } from './plan.ts';
import { hash, unit } from './random.ts';

const HOUR = 3600e6;
/** µs from the creation of a scheduled flow run to its scheduled time. */
const SCHEDULE_AHEAD = 6 * HOUR;

type Numbers = Float64Array | Int32Array | Uint16Array | Int16Array | Uint8Array | Int8Array;

/** The columns of one kind of row. Full columns grow by half. */
class Columns<C extends Record<string, Numbers>> {
  length = 0;
  at: C;

  constructor(columns: C) {
    this.at = columns;
  }

  /** Returns the number of a new row, which the caller fills. */
  add(): number {
    const capacity = Object.values(this.at)[0]?.length ?? 0;
    if (this.length === capacity) {
      for (const [name, old] of Object.entries(this.at)) {
        const Kind = old.constructor as new (length: number) => Numbers;
        const grown = new Kind(Math.ceil(capacity * 1.5) + 1024);
        grown.set(old);
        (this.at as Record<string, Numbers>)[name] = grown;
      }
    }
    return this.length++;
  }
}

function taskColumns(size: number) {
  return {
    run: new Int32Array(size),
    spec: new Uint8Array(size),
    map: new Uint16Array(size),
    outcome: new Uint8Array(size),
    attempts: new Uint8Array(size),
    failure: new Int8Array(size),
    created: new Float64Array(size),
    expected: new Float64Array(size),
    start: new Float64Array(size),
    end: new Float64Array(size),
  };
}

function runColumns(size: number) {
  return {
    flow: new Uint8Array(size),
    deployment: new Int8Array(size),
    trigger: new Uint8Array(size),
    outcome: new Uint8Array(size),
    parent: new Int32Array(size),
    first: new Int32Array(size),
    count: new Uint16Array(size),
    created: new Float64Array(size),
    expected: new Float64Array(size),
    start: new Float64Array(size),
    end: new Float64Array(size),
  };
}

export class Story {
  readonly seed: number;
  readonly epoch: number;
  readonly tasks: Columns<ReturnType<typeof taskColumns>>;
  readonly runs: Columns<ReturnType<typeof runColumns>>;
  readonly taskIds: Ids;
  readonly runIds: Ids;
  readonly flowIds: Ids;
  readonly deploymentIds: Ids;
  readonly #childOf = new Map<number, number>();
  readonly #world: World;
  #hours = 0;
  #live = false;

  /** Plans until exactly `runs` task runs exist at `epoch` (µs); `advance` adds more. */
  constructor(seed: number, epoch: number, runs: number) {
    this.seed = seed;
    this.epoch = epoch;
    this.tasks = new Columns(taskColumns(runs + 4096));
    this.runs = new Columns(runColumns(Math.ceil(runs / 6) + 1024));
    this.taskIds = new Ids(seed, 1);
    this.runIds = new Ids(seed, 2);
    this.flowIds = new Ids(seed, 3);
    this.deploymentIds = new Ids(seed, 4);
    this.#world = { seed, incidents: tellIncidents(seed, epoch) };
    let wanted = runs;
    const present = runs > 500 ? presentHeads(this.#world, epoch) : [];
    for (const head of [...present, ...storyHeads(this.#world, epoch, runs)]) {
      if (wanted <= 0) break;
      wanted = this.#tell(planHead(this.#world, head), -1, wanted);
    }
    // with a few hundred runs or less the 30 days may not reach the number
    for (let hour = -36 * 24; wanted > 0; hour--)
      for (const head of hourHeads(this.#world, epoch, hour))
        wanted = this.#tell(planHead(this.#world, head), -1, wanted);
    this.#live = true;
    this.advance(epoch);
  }

  /** Plans everything that exists at `now`; scheduled runs exist before their time. */
  advance(now: number): void {
    if (this.tasks.length === 0 && this.runs.length === 0) return; // an empty server stays empty
    while (this.epoch + this.#hours * HOUR < now + SCHEDULE_AHEAD) {
      for (const head of hourHeads(this.#world, this.epoch, this.#hours))
        this.#tell(planHead(this.#world, head), -1, Infinity);
      this.#hours += 1;
    }
  }

  /** Adds a flow run with at most `wanted` task runs that exist at the epoch; returns how many are still wanted. */
  #tell(plan: FlowPlan, parent: number, wanted: number): number {
    let run = -1;
    if (plan.flow >= 0) {
      run = this.runs.add();
      const columns = this.runs.at;
      columns.flow[run] = plan.flow;
      columns.deployment[run] = this.#deployment(plan, run);
      columns.trigger[run] = triggers.indexOf(plan.trigger);
      columns.outcome[run] = outcomes.indexOf(plan.outcome);
      columns.parent[run] = parent;
      columns.first[run] = this.tasks.length;
      columns.created[run] = plan.trigger === 'schedule' ? plan.expected - SCHEDULE_AHEAD : plan.expected;
      columns.expected[run] = plan.expected;
      columns.start[run] = plan.start;
      columns.end[run] = plan.end;
    }
    const children: [TaskPlan, number][] = [];
    let kept = 0;
    for (const task of plan.tasks) {
      if (wanted <= 0) break;
      const key = this.#add(task, run);
      kept += 1;
      if (this.tasks.at.created[key] <= this.epoch) wanted -= 1;
      if (task.child) children.push([task, key]);
    }
    if (run >= 0) this.runs.at.count[run] = kept;
    for (const [task, key] of children) {
      if (!task.child) continue;
      this.#childOf.set(key, this.runs.length);
      wanted = this.#tell(task.child, key, wanted);
    }
    return wanted;
  }

  #add(task: TaskPlan, run: number): number {
    const key = this.tasks.add();
    const c = this.tasks.at;
    c.run[key] = run;
    c.spec[key] = task.spec;
    c.map[key] = task.map;
    c.outcome[key] = outcomes.indexOf(task.outcome);
    c.attempts[key] = task.attempts;
    c.failure[key] = task.failure;
    c.expected[key] = task.expected;
    c.start[key] = task.start;
    c.end[key] = task.end;
    const draw = unit(this.seed, key, 11);
    // the server writes a client's row a moment after its first state, and a delayed task's row long before its time
    const early = run < 0 && draw < 0.6 ? Math.round(draw * 60 * 60e6) : -Math.round(draw * 250_000);
    const created = task.expected - early;
    c.created[key] = this.#live ? Math.max(created, this.epoch + 1) : created;
    return key;
  }

  /** The deleted deployment has a third of the older half of its flow's runs. */
  #deployment(plan: FlowPlan, run: number): number {
    const old = plan.expected < this.epoch - 16 * 24 * HOUR;
    if (
      flows[plan.flow]?.name === 'scrape-prices' &&
      plan.deployment === 0 &&
      old &&
      hash(this.seed, run, 12) % 3 === 0
    )
      return -2;
    return plan.deployment;
  }

  outcome(code: number | undefined): Outcome {
    return outcomes[code ?? 0];
  }

  trigger(run: number): Trigger {
    return triggers[this.runs.at.trigger[run] ?? 0];
  }

  /** The flow run that a placeholder row stands for; -1 for none. */
  child(task: number): number {
    return this.#childOf.get(task) ?? -1;
  }

  taskSpec(task: number) {
    const run = this.tasks.at.run[task];
    const specs = run < 0 ? background : (flows[this.runs.at.flow[run]]?.tasks ?? background);
    const spec = specs[this.tasks.at.spec[task]];
    if (!spec) throw new Error(`no task run number ${task}`);
    return spec;
  }

  taskId(task: number): string {
    const c = this.tasks.at;
    // the server makes the ids of placeholders and delayed tasks, version 4
    if (c.run[task] < 0 || this.taskSpec(task).subflow) return this.taskIds.v4(task);
    return this.taskIds.v7(task, c.expected[task]);
  }

  runId(run: number): string {
    return this.runIds.v4(run);
  }

  /** Number of the task run with this id; -1 for none. */
  taskOf(id: string): number {
    const task = this.taskIds.numberOf(id);
    return task < this.tasks.length && this.taskId(task) === id ? task : -1;
  }

  runOf(id: string): number {
    const run = this.runIds.numberOf(id);
    return run < this.runs.length && this.runId(run) === id ? run : -1;
  }
}
