/** The demo server's database: four tables over one story, its work pools, and the references between them. */
import { flows } from '../story/catalog.ts';
import type { Story } from '../story/story.ts';
import type { JsonRow } from '../json.ts';
import {
  deploymentCount,
  GeneratedFlowRun,
  generatedDeployment,
  generatedFlow,
  GeneratedTask,
  type DeploymentFacts,
  type FlowFacts,
  type FlowRunFacts,
  type TaskFacts,
} from './facts.ts';
import { Pools } from './pools.ts';
import { Table, type Source } from './table.ts';
import { deploymentJson, flowJson } from './wire-parents.ts';
import { flowRunJson, flowRunStatesJson, taskRunJson, taskStatesJson } from './wire-rows.ts';

type Sources = {
  task_run: Source<TaskFacts>;
  flow_run: Source<FlowRunFacts>;
  flow: Source<FlowFacts>;
  deployment: Source<DeploymentFacts>;
};

/** All that an answer is made from. `now` is in µs. */
export type Database = {
  readonly story: Story;
  readonly task_run: Table<TaskFacts>;
  readonly flow_run: Table<FlowRunFacts>;
  readonly flow: Table<FlowFacts>;
  readonly deployment: Table<DeploymentFacts>;
  readonly pools: Pools;
  /** Task runs of a flow run that exist at `now`. */
  tasksOf(flowRunId: string, now: number): TaskFacts[];
  hasSubflow(taskRunId: string, now: number): boolean;
  /** The state history of the run with this key, oldest first. */
  statesOf(of: 'task_run' | 'flow_run', key: number, now: number): JsonRow[];
};

export function openDatabase(story: Story): Database {
  return databaseOver(story, storySources(story), new Pools(story));
}

/** The rows of the story, numbered from 0. */
export function storySources(story: Story): Sources {
  const told = () => (story.runs.length > 0 ? flows.length : 0);
  const toldDeployments = () => (told() > 0 ? deploymentCount : 0);
  return {
    task_run: {
      ...numbered(
        () => story.tasks.length,
        (id) => story.taskOf(id),
      ),
      exists: (key, now) => story.tasks.at.created[key] <= now,
      facts: (key, now) => new GeneratedTask(story, key, now),
      json: (key, now) => taskRunJson(story, key, now),
      time: (key) => story.tasks.at.expected[key],
    },
    flow_run: {
      ...numbered(
        () => story.runs.length,
        (id) => story.runOf(id),
      ),
      exists: (key, now) => story.runs.at.created[key] <= now,
      facts: (key, now) => new GeneratedFlowRun(story, key, now),
      json: (key, now) => flowRunJson(story, key, now),
      time: (key) => story.runs.at.expected[key],
    },
    flow: {
      ...numbered(told, (id) => numberIn(story.flowIds, flows.length, id)),
      exists: () => true,
      facts: (key) => generatedFlow(story, key),
      json: (key) => flowJson(story, key),
      time: () => NaN,
    },
    deployment: {
      ...numbered(toldDeployments, (id) => numberIn(story.deploymentIds, deploymentCount, id)),
      exists: () => true,
      facts: (key) => generatedDeployment(story, key),
      json: (key) => deploymentJson(story, key),
      time: () => NaN,
    },
  };
}

/** Keys 0 … count - 1; rows are only ever added. `numberOf` gives -1 for an id of no row. */
function numbered(
  count: () => number,
  numberOf: (id: string) => number,
): Pick<Source<unknown>, 'keys' | 'version' | 'keyOf'> {
  return {
    keys: () => Array(count()).keys(),
    version: () => String(count()),
    keyOf: (id) => {
      const number = numberOf(id);
      return number < 0 ? null : number;
    },
  };
}

function numberIn(ids: Story['flowIds'], count: number, id: string): number {
  const number = ids.numberOf(id);
  return number < count && ids.v4(number) === id ? number : -1;
}

/** Tables over sources that may hold more than the story does. */
export function databaseOver(story: Story, sources: Sources, pools: Pools): Database {
  const task_run = new Table(sources.task_run);
  const flow_run = new Table(sources.flow_run);
  return {
    story,
    task_run,
    flow_run,
    flow: new Table(sources.flow),
    deployment: new Table(sources.deployment),
    pools,
    tasksOf(flowRunId, now) {
      const run = story.runOf(flowRunId);
      if (run < 0) return [];
      const found: TaskFacts[] = [];
      const first = story.runs.at.first[run];
      for (let key = first; key < first + story.runs.at.count[run]; key++)
        if (task_run.exists(key, now)) found.push(task_run.facts(key, now));
      return found.filter((one) => one.flowRunId === flowRunId);
    },
    hasSubflow(taskRunId, now) {
      const task = story.taskOf(taskRunId);
      const child = task >= 0 ? story.child(task) : -1;
      return child >= 0 && flow_run.exists(child, now) && flow_run.facts(child, now).parentTaskRunId === taskRunId;
    },
    statesOf: (of, key, now) =>
      of === 'task_run' ? taskStatesJson(story, key, now) : flowRunStatesJson(story, key, now),
  };
}
