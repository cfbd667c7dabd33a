/** The demo server's database: four tables over one story, its work pools, with the references between them. */
import type { Entity } from '../../contract/fields.ts';
import { flows } from '../story/catalog.ts';
import {
  deploymentCount,
  GeneratedFlowRun,
  generatedFlow,
  GeneratedTask,
  storedDeployment,
  storedFlow,
  storedFlowRun,
  storedTask,
  type DeploymentFacts,
  type FlowFacts,
  type FlowRunFacts,
  type TaskFacts,
} from './facts.ts';
import { Pools } from './pools.ts';
import type { Story } from '../story/story.ts';
import { Table } from './table.ts';
import { deploymentJson, flowJson } from './wire-parents.ts';
import { flowRunJson, taskRunJson, type JsonRow } from './wire-rows.ts';

export type Database = {
  readonly story: Story;
  readonly task_run: Table<TaskFacts>;
  readonly flow_run: Table<FlowRunFacts>;
  readonly flow: Table<FlowFacts>;
  readonly deployment: Table<DeploymentFacts>;
  readonly pools: Pools;
  /** task runs of a flow run that exist at `now` */
  tasksOf(flowRunId: string, now: number): TaskFacts[];
  hasSubflow(taskRunId: string, now: number): boolean;
  insert(entity: Entity, row: JsonRow): string;
  update(entity: Entity, id: string, change: JsonRow, now: number): void;
  /** with what the server deletes along: a flow's runs, a flow run's task runs */
  remove(entity: Entity, id: string, now: number): void;
};

export function openDatabase(story: Story): Database {
  const pools = new Pools(story);
  const oneOf = (count: number, numberOf: (id: string) => number, idOf: (number: number) => string) => (id: string) => {
    const number = numberOf(id);
    return number < count && idOf(number) === id ? number : -1;
  };
  const task_run = new Table<TaskFacts>({
    count: () => story.tasks.length,
    exists: (key, now) => story.tasks.at.created[key] <= now,
    facts: (key, now) => new GeneratedTask(story, key, now),
    json: (key, now) => taskRunJson(story, key, now),
    keyOf: (id) => story.taskOf(id),
    time: (key) => story.tasks.at.expected[key],
    stored: storedTask,
    timeOf: (facts) => facts.expected,
  });
  const flow_run = new Table<FlowRunFacts>({
    count: () => story.runs.length,
    exists: (key, now) => story.runs.at.created[key] <= now,
    facts: (key, now) => new GeneratedFlowRun(story, key, now),
    json: (key, now) => flowRunJson(story, key, now),
    keyOf: (id) => story.runOf(id),
    time: (key) => story.runs.at.expected[key],
    stored: storedFlowRun,
    timeOf: (facts) => facts.expected,
    shown: (row) => pools.shown(row),
  });
  const told = () => (story.runs.length > 0 ? flows.length : 0);
  const flow = new Table<FlowFacts>({
    count: told,
    exists: () => true,
    facts: (key) => generatedFlow(story, key),
    json: (key) => flowJson(story, key),
    keyOf: oneOf(
      flows.length,
      (id) => story.flowIds.numberOf(id),
      (number) => story.flowIds.v4(number),
    ),
    time: () => NaN,
    stored: storedFlow,
    timeOf: () => null,
  });
  const deployment = new Table<DeploymentFacts>({
    count: () => (told() > 0 ? deploymentCount : 0),
    exists: () => true,
    facts: (key) => storedDeployment(deploymentJson(story, key)),
    json: (key) => deploymentJson(story, key),
    keyOf: oneOf(
      deploymentCount,
      (id) => story.deploymentIds.numberOf(id),
      (number) => story.deploymentIds.v4(number),
    ),
    time: () => NaN,
    stored: storedDeployment,
    timeOf: () => null,
    shown: (row) => pools.shown(row),
  });

  /** references made by rows that a test put in or changed; those of the story are in its columns */
  const addedTasks = new Map<string, Set<string>>();
  const addedChildren = new Map<string, Set<string>>();
  const note = (map: Map<string, Set<string>>, to: unknown, id: string) => {
    if (typeof to !== 'string') return;
    const ids = map.get(to) ?? new Set();
    map.set(to, ids.add(id));
  };
  const noteReferences = (entity: Entity, row: JsonRow, id: string) => {
    if (entity === 'task_run') note(addedTasks, row['flow_run_id'], id);
    if (entity === 'flow_run') note(addedChildren, row['parent_task_run_id'], id);
  };

  const database: Database = {
    story,
    task_run,
    flow_run,
    flow,
    deployment,
    pools,
    tasksOf(flowRunId, now) {
      const found: TaskFacts[] = [];
      const run = story.runOf(flowRunId);
      if (run >= 0) {
        const first = story.runs.at.first[run];
        for (let key = first; key < first + story.runs.at.count[run]; key++)
          if (task_run.exists(key, now)) found.push(task_run.facts(key, now));
      }
      for (const id of addedTasks.get(flowRunId) ?? []) {
        const key = task_run.find(id, now);
        if (key !== null && !found.some((one) => one.id === id)) found.push(task_run.facts(key, now));
      }
      return found.filter((one) => one.flowRunId === flowRunId);
    },
    hasSubflow(taskRunId, now) {
      const task = story.taskOf(taskRunId);
      const child = task >= 0 ? story.child(task) : -1;
      if (child >= 0 && flow_run.exists(child, now) && flow_run.facts(child, now).parentTaskRunId === taskRunId)
        return true;
      return [...(addedChildren.get(taskRunId) ?? [])].some((id) => {
        const key = flow_run.find(id, now);
        return key !== null && flow_run.facts(key, now).parentTaskRunId === taskRunId;
      });
    },
    insert(entity, row) {
      const id = database[entity].insert(row);
      noteReferences(entity, row, id);
      return id;
    },
    update(entity, id, change, now) {
      database[entity].update(id, change, now);
      noteReferences(entity, change, id);
    },
    remove(entity, id, now) {
      if (!database[entity].remove(id, now)) return;
      if (entity === 'flow_run')
        for (const task of database.tasksOf(id, now)) database.remove('task_run', task.id, now);
      if (entity === 'flow') {
        for (const key of [...deployment.byTime().keys])
          if (deployment.exists(key, now) && deployment.facts(key, now).flowId === id)
            database.remove('deployment', deployment.facts(key, now).id, now);
        for (const key of [...flow_run.byTime().keys])
          if (flow_run.exists(key, now) && flow_run.facts(key, now).flowId === id)
            database.remove('flow_run', flow_run.facts(key, now).id, now);
      }
      // the child of a deleted placeholder lives on without a parent: ON DELETE SET NULL
      if (entity === 'task_run') {
        const task = story.taskOf(id);
        const child = task >= 0 ? story.child(task) : -1;
        if (child >= 0 && flow_run.exists(child, now))
          flow_run.update(story.runId(child), { parent_task_run_id: null }, now);
      }
    },
  };
  return database;
}
