/** What the filters read of a row: from the story's columns without making its JSON, or from a row put in by a test. Times in µs. */
import { parseTime } from '../../contract/time.ts';
import { flows } from '../story/catalog.ts';
import type { FlowSpec } from '../story/flow-spec.ts';
import { runHistory, seenAt, taskHistory, type Seen } from '../story/history.ts';
import { flowRunName, versionOf } from '../story/names.ts';
import type { Story } from '../story/story.ts';
import { flowCreated } from './wire-parents.ts';
import {
  createdBy,
  deploymentIdOf,
  deployments,
  flowRunTags,
  idempotencyKey,
  taskName,
  taskTags,
  type JsonRow,
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

/** A generated task run, each fact worked out when it is asked for. */
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
  /** over and told in the columns: no history needed */
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

const time = (value: unknown) => (typeof value === 'string' ? parseTime(value) : null);
const words = (value: unknown) => (typeof value === 'string' ? value : null);
const list = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);

function storedRun(row: JsonRow): Run {
  const state = row['state'] as JsonRow | null | undefined;
  return {
    id: String(row['id']),
    name: String(row['name']),
    tags: list(row['tags']),
    stateType: words(row['state_type'] ?? state?.['type']),
    stateName: words(row['state_name'] ?? state?.['name']),
    expected: time(row['expected_start_time']),
    next: time(row['next_scheduled_start_time']),
    start: time(row['start_time']),
    end: time(row['end_time']),
  };
}

/** A row put in or changed by a test, by its JSON. */
export function storedTask(row: JsonRow): TaskFacts {
  return { ...storedRun(row), flowRunId: words(row['flow_run_id']) };
}

export function storedFlowRun(row: JsonRow): FlowRunFacts {
  const creator = row['created_by'] as JsonRow | null | undefined;
  return {
    ...storedRun(row),
    flowId: String(row['flow_id']),
    deploymentId: words(row['deployment_id']),
    parentTaskRunId: words(row['parent_task_run_id']),
    workQueue: words(row['work_queue_name']),
    flowVersion: words(row['flow_version']),
    idempotencyKey: words(row['idempotency_key']),
    createdBy: creator ? { id: words(creator['id']), type: words(creator['type']) } : null,
  };
}

export function storedFlow(row: JsonRow): FlowFacts {
  return {
    id: String(row['id']),
    name: String(row['name']),
    tags: list(row['tags']),
    created: time(row['created']),
    updated: time(row['updated']),
  };
}

export function storedDeployment(row: JsonRow): DeploymentFacts {
  return {
    ...storedFlow(row),
    flowId: String(row['flow_id']),
    paused: row['paused'] === true,
    workQueue: words(row['work_queue_name']),
  };
}

export const deploymentCount = deployments.length;
