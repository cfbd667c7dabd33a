/** What the filters read of a row, from the story's columns, without making its JSON. Times in µs. */
import { flows } from '../story/catalog.ts';
import type { FlowSpec } from '../story/flow-spec.ts';
import { runHistory, seenAt, taskHistory, type Seen } from '../story/history.ts';
import { flowRunName, versionOf } from '../story/names.ts';
import type { Story } from '../story/story.ts';
import { deploymentCreated, deploymentTags, deploymentUpdated, flowCreated } from './wire-parents.ts';
import {
  createdBy,
  deploymentIdOf,
  deployments,
  flowRunTags,
  idempotencyKey,
  taskName,
  taskTags,
} from './wire-rows.ts';

type Run = {
  id: string;
  name: string;
  tags: string[];
  stateType: string | null;
  stateName: string | null;
  expected: number | null;
  next: number | null;
  start: number | null;
  end: number | null;
};
export type TaskFacts = Run & { flowRunId: string | null };
export type FlowRunFacts = Run & {
  flowId: string;
  deploymentId: string | null;
  parentTaskRunId: string | null;
  workQueue: string | null;
  flowVersion: string | null;
  idempotencyKey: string | null;
  createdBy: { id: string | null; type: string | null } | null;
};
type Named = { id: string; name: string; tags: string[]; created: number | null; updated: number | null };
export type FlowFacts = Named;
export type DeploymentFacts = Named & { flowId: string; paused: boolean; workQueue: string | null };

const OUTCOME_TYPE = {
  Completed: 'COMPLETED',
  Cached: 'COMPLETED',
  Failed: 'FAILED',
  TimedOut: 'FAILED',
  Crashed: 'CRASHED',
  Cancelled: 'CANCELLED',
  NotReady: 'PENDING',
  Lost: 'RUNNING',
} as const;

/** A task run of the story. Each fact is computed when it is read. */
export class GeneratedTask implements TaskFacts {
  readonly #story: Story;
  readonly #task: number;
  readonly #now: number;
  #seen: Seen | null = null;

  constructor(story: Story, task: number, now: number) {
    this.#story = story;
    this.#task = task;
    this.#now = now;
  }
  /** The run has ended, so the columns have every fact and no history is made. */
  get #over(): boolean {
    return this.#story.tasks.at.end[this.#task] <= this.#now;
  }
  get #then(): Seen {
    return (this.#seen ??= seenAt(taskHistory(this.#story, this.#task), this.#now));
  }
  get id() {
    return this.#story.taskId(this.#task);
  }
  get name() {
    return taskName(this.#story, this.#task, this.#story.taskSpec(this.#task));
  }
  get tags() {
    return taskTags(this.#story, this.#task, this.#story.taskSpec(this.#task));
  }
  get stateType() {
    if (this.#over) return OUTCOME_TYPE[this.#story.outcome(this.#story.tasks.at.outcome[this.#task])];
    return this.#then.current?.type ?? null;
  }
  get stateName() {
    if (this.#over) return this.#story.outcome(this.#story.tasks.at.outcome[this.#task]);
    return this.#then.current?.name ?? null;
  }
  get expected() {
    return this.#story.tasks.at.expected[this.#task];
  }
  get next() {
    return this.#over ? null : this.#then.next;
  }
  get start() {
    return this.#over ? this.#story.tasks.at.start[this.#task] : this.#then.start;
  }
  get end() {
    return this.#over ? this.#story.tasks.at.end[this.#task] : null;
  }
  get flowRunId() {
    const run = this.#story.tasks.at.run[this.#task];
    return run < 0 ? null : this.#story.runId(run);
  }
}

export class GeneratedFlowRun implements FlowRunFacts {
  readonly #story: Story;
  readonly #run: number;
  readonly #now: number;
  #seen: Seen | null = null;

  constructor(story: Story, run: number, now: number) {
    this.#story = story;
    this.#run = run;
    this.#now = now;
  }
  get #then(): Seen {
    return (this.#seen ??= seenAt(runHistory(this.#story, this.#run), this.#now));
  }
  get #flow(): FlowSpec {
    return flows[this.#story.runs.at.flow[this.#run]];
  }
  get id() {
    return this.#story.runId(this.#run);
  }
  get name() {
    return flowRunName(this.#story.seed, this.#run);
  }
  get tags() {
    return flowRunTags(this.#story, this.#run);
  }
  get stateType() {
    return this.#then.current?.type ?? null;
  }
  get stateName() {
    return this.#then.current?.name ?? null;
  }
  get expected() {
    return this.#story.runs.at.expected[this.#run];
  }
  get next() {
    return this.#then.next;
  }
  get start() {
    return this.#then.start;
  }
  get end() {
    return this.#then.end;
  }
  get flowId() {
    return this.#story.flowIds.v4(this.#story.runs.at.flow[this.#run]);
  }
  get deploymentId() {
    return deploymentIdOf(this.#story, this.#run);
  }
  get parentTaskRunId() {
    const parent = this.#story.runs.at.parent[this.#run];
    return parent < 0 ? null : this.#story.taskId(parent);
  }
  get workQueue() {
    return this.#flow.deployments[this.#story.runs.at.deployment[this.#run]]?.queue ?? null;
  }
  get flowVersion() {
    return versionOf(this.#flow.name);
  }
  get idempotencyKey() {
    return idempotencyKey(this.#story, this.#run);
  }
  get createdBy() {
    return createdBy(this.#story, this.#run);
  }
}

export function generatedFlow(story: Story, flow: number): FlowFacts {
  const { name, tags } = flows[flow];
  const created = flowCreated(story, flow);
  return { id: story.flowIds.v4(flow), name, tags: [...tags], created, updated: created };
}

export function generatedDeployment(story: Story, number: number): DeploymentFacts {
  const one = deployments[number];
  if (!one) throw new Error(`no deployment number ${number}`);
  return {
    id: story.deploymentIds.v4(number),
    name: one.name,
    tags: deploymentTags(number),
    created: deploymentCreated(story, number),
    updated: deploymentUpdated(story, number),
    flowId: story.flowIds.v4(one.flow),
    paused: one.paused,
    workQueue: one.queue,
  };
}

export const deploymentCount = deployments.length;
