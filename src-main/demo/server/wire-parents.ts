/** Flows and deployments as the server writes them. */
import { text, type JsonRow } from '../json.ts';
import { flows } from '../story/catalog.ts';
import { versionOf } from '../story/names.ts';
import { queueId } from './pools.ts';
import { hash } from '../story/random.ts';
import type { Story } from '../story/story.ts';
import { deployments, userName } from './wire-rows.ts';

const DAY = 86_400e6;
/** µs. Flows are one to fifteen months older than the story. */
export function flowCreated(story: Story, flow: number): number {
  return story.epoch - (40 + (hash(story.seed, flow, 91) % 400)) * DAY - (hash(story.seed, flow, 92) % 86_400) * 1e6;
}

export function flowJson(story: Story, flow: number): JsonRow {
  const spec = flows[flow];
  const created = flowCreated(story, flow);
  return {
    id: story.flowIds.v4(flow),
    created: text(created),
    updated: text(created),
    name: spec.name,
    tags: [...spec.tags],
    labels: {},
  };
}

/** µs. Two hours after its flow, one second later for each deployment before it. */
export function deploymentCreated(story: Story, number: number): number {
  return flowCreated(story, deployments[number]?.flow ?? 0) + 2 * 3600e6 + number * 1e6;
}

/** µs. Each deployment was last changed within the three weeks before the epoch. */
export function deploymentUpdated(story: Story, number: number): number {
  return story.epoch - (hash(story.seed, number, 93) % (21 * 86_400)) * 1e6;
}

export function deploymentTags(number: number): string[] {
  const one = deployments[number];
  const flowTags = flows[one?.flow ?? 0].tags;
  return [...flowTags, ...(one?.tags ?? []).filter((tag) => !flowTags.includes(tag))];
}

export function deploymentJson(story: Story, number: number): JsonRow {
  const one = deployments[number];
  if (!one) throw new Error(`no deployment number ${number}`);
  const flow = flows[one.flow];
  const created = text(deploymentCreated(story, number));
  const updated = text(deploymentUpdated(story, number));
  const author = { id: story.deploymentIds.v4(900), type: 'USER', display_value: userName(number) };
  return {
    id: story.deploymentIds.v4(number),
    created,
    updated,
    name: one.name,
    version: versionOf(flow.name),
    version_id: null,
    version_info: null,
    branch: null,
    base: null,
    root: null,
    description: null,
    flow_id: story.flowIds.v4(one.flow),
    paused: one.paused,
    schedules: [
      {
        id: story.deploymentIds.v4(500 + number),
        created,
        updated,
        deployment_id: story.deploymentIds.v4(number),
        schedule: { cron: one.cron, timezone: 'UTC', day_or: true },
        active: !one.paused,
        max_scheduled_runs: null,
        parameters: {},
        slug: null,
      },
    ],
    concurrency_limit: null,
    global_concurrency_limit: null,
    concurrency_options: null,
    job_variables: {},
    parameters: flow.parameters,
    pull_steps: [{ 'prefect.deployments.steps.set_working_directory': { directory: '/opt/flows' } }],
    tags: deploymentTags(number),
    labels: {},
    work_queue_name: one.queue,
    work_queue_id: queueId(story, one.pool, one.queue),
    last_polled: text(story.epoch - 8e6),
    parameter_openapi_schema: { type: 'object', title: 'Parameters', properties: {} },
    path: '/opt/flows',
    entrypoint: `${flow.name.replaceAll('-', '_')}.py:${flow.name.replaceAll('-', '_')}`,
    storage_document_id: null,
    infrastructure_document_id: null,
    created_by: author,
    updated_by: author,
    work_pool_name: one.pool,
    status: one.paused ? 'NOT_READY' : 'READY',
    enforce_parameter_schema: true,
  };
}
