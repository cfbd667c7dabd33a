/** Rows of the story as Prefect 3.8.8 writes them: every key of its replies, in its order. */
import { text, type JsonRow } from '../json.ts';
import { DELETED_DEPLOYMENT, flows } from '../story/catalog.ts';
import type { TaskSpec } from '../story/flow-spec.ts';
import { runHistory, seenAt, taskHistory, type Seen, type State } from '../story/history.ts';
import { flowRunName, versionOf } from '../story/names.ts';
import { poolId, queueId } from './pools.ts';
import { hash, unit } from '../story/random.ts';
import type { Story } from '../story/story.ts';

const NIL_SALT = { state: 51 };

/** A UUID made from its arguments, for things that no request names by id. */
function looseId(story: Story, kind: number, number: number, micros: number): string {
  const tail = (hash(story.seed, kind, number, 1) % 0x40000000) + 0x80000000;
  const last = hash(story.seed, kind, number, 2).toString(16).padStart(8, '0');
  const millis = Math.floor(micros / 1000)
    .toString(16)
    .padStart(12, '0');
  const low = (0x7000 + (hash(story.seed, kind, number, 3) & 0xfff)).toString(16);
  const mid = tail.toString(16).padStart(8, '0');
  return `${millis.slice(0, 8)}-${millis.slice(8)}-${low}-${mid.slice(0, 4)}-${mid.slice(4)}${last}`;
}

/** The same for the same state. `owner`: the run's number, for flow runs from 2^30 on; `place`: the state's place in the history. */
function stateId(story: Story, owner: number, place: number, state: State): string {
  return looseId(story, NIL_SALT.state + place * 100, owner, state.at);
}

function stateJson(id: string, state: State, details: JsonRow): JsonRow {
  return {
    id,
    type: state.type,
    name: state.name,
    timestamp: text(state.at),
    message: state.message,
    data: state.data,
    state_details: {
      flow_run_id: null,
      task_run_id: null,
      child_flow_run_id: null,
      scheduled_time: text(state.scheduled),
      cache_key: null,
      cache_expiration: null,
      deferred: false,
      untrackable_result: false,
      pause_timeout: null,
      pause_reschedule: false,
      pause_key: null,
      run_input_keyset: null,
      refresh_cache: null,
      retriable: null,
      transition_id: null,
      task_parameters_id: null,
      traceparent: null,
      deployment_concurrency_lease_id: null,
      ...details,
    },
  };
}

function taskStateJson(story: Story, task: number, state: State, place: number): JsonRow {
  const run = story.tasks.at.run[task];
  const child = story.child(task);
  return stateJson(stateId(story, task, place, state), state, {
    flow_run_id: run < 0 ? null : story.runId(run),
    task_run_id: story.taskId(task),
    child_flow_run_id: child < 0 ? null : story.runId(child),
  });
}

/** The reply to GET /task_run_states/?task_run_id=, oldest first. */
export function taskStatesJson(story: Story, task: number, now: number): JsonRow[] {
  return seenAt(taskHistory(story, task), now).states.map((state, place) => taskStateJson(story, task, state, place));
}

function flowRunStateJson(story: Story, run: number, state: State, place: number): JsonRow {
  return stateJson(stateId(story, run + FLOW_RUN_OWNER, place, state), state, { flow_run_id: story.runId(run) });
}

/** The reply to GET /flow_run_states/?flow_run_id=, oldest first. */
export function flowRunStatesJson(story: Story, run: number, now: number): JsonRow[] {
  return seenAt(runHistory(story, run), now).states.map((state, place) => flowRunStateJson(story, run, state, place));
}

/** Seconds: the two estimates, which the server computes at each answer. */
function estimated(seen: Seen, expected: number, now: number): { run: number; delta: number } {
  const running = seen.current?.type === 'RUNNING' ? (now - seen.current.at) / 1e6 : 0;
  let delta = 0;
  if (seen.start !== null) delta = Math.max(0, (seen.start - expected) / 1e6);
  else if (expected < now && seen.end === null) delta = (now - expected) / 1e6;
  return { run: round(seen.seconds + running), delta: round(delta) };
}
const round = (seconds: number) => Math.round(seconds * 1e6) / 1e6;

/** The server writes a row 3 to 33 ms after its state, and SQLite keeps milliseconds of `updated`. */
function updatedAfter(micros: number, salt: number): string {
  return text(Math.floor((micros + 3000 + (salt % 30_000)) / 1000) * 1000) as string;
}

export function taskTags(story: Story, task: number, spec: TaskSpec): string[] {
  const run = story.tasks.at.run[task];
  if (run < 0) return [...spec.tags];
  const flow = flows[story.runs.at.flow[run]];
  // `with tags(...)` in a flow also tags its tasks: here with the flow's first tag
  const tags = [...spec.tags];
  const first = flow.tags[0];
  if (first && !tags.includes(first)) tags.push(first);
  if (unit(story.seed, run, 61) < 0.015) tags.push('incident-review');
  return tags;
}

export function dynamicKey(story: Story, task: number, spec: TaskSpec): string {
  return spec.subflow ? '0' : (hash(story.seed, task, 62) & 0xfff).toString(16).padStart(3, '0');
}

export function taskName(story: Story, task: number, spec: TaskSpec): string {
  return `${spec.name}-${dynamicKey(story, task, spec)}`;
}

function taskKey(spec: TaskSpec): string {
  let sum = 7;
  for (const letter of spec.name) sum = hash(sum, letter.charCodeAt(0));
  return spec.subflow ? spec.name : `${spec.name}-${sum.toString(16).padStart(8, '0')}`;
}

function taskInputs(story: Story, task: number, spec: TaskSpec): JsonRow {
  const inputs: JsonRow = {};
  const run = story.tasks.at.run[task];
  if (run < 0) return { record: [{ input_type: 'constant', type: 'int' }] };
  const c = story.runs.at;
  const first = c.first[run];
  const specs = flows[c.flow[run]].tasks;
  for (const name of spec.after) {
    const upstream: JsonRow[] = [];
    for (let one = first; one < first + c.count[run]; one++)
      if (specs[story.tasks.at.spec[one]]?.name === name)
        upstream.push({ input_type: 'task_run', id: story.taskId(one) });
    inputs[name.replaceAll('-', '_')] = upstream;
  }
  for (const name of spec.inputs) inputs[name] = [{ input_type: 'parameter', name }];
  if (spec.fan[1] > 1) inputs['index'] = [{ input_type: 'constant', type: 'int' }];
  return inputs;
}

export function taskRunJson(story: Story, task: number, now: number): JsonRow {
  const spec = story.taskSpec(task);
  const c = story.tasks.at;
  const run = c.run[task];
  const seen = seenAt(taskHistory(story, task), now);
  const current = seen.current && taskStateJson(story, task, seen.current, seen.states.length - 1);
  const expected = c.expected[task];
  const guess = estimated(seen, expected, now);
  const created = c.created[task];
  return {
    id: story.taskId(task),
    created: text(created),
    updated: updatedAfter(Math.max(seen.current?.at ?? 0, created), hash(story.seed, task, 63)),
    name: taskName(story, task, spec),
    flow_run_id: run < 0 ? null : story.runId(run),
    task_key: taskKey(spec),
    dynamic_key: dynamicKey(story, task, spec),
    cache_key: spec.cached > 0 ? hash(story.seed, task, 64).toString(16).padStart(32, '0') : null,
    cache_expiration: null,
    task_version: spec.subflow ? versionOf(spec.subflow) : null,
    empirical_policy: {
      max_retries: 0,
      retry_delay_seconds: 0,
      retries: spec.retries,
      retry_delay: spec.retries > 0 ? spec.retryDelay : 0,
      retry_jitter_factor: null,
    },
    tags: taskTags(story, task, spec),
    labels: run < 0 || !spec.subflow ? {} : { 'prefect.flow-run.id': story.runId(run) },
    state_id: current?.['id'] ?? null,
    task_inputs: taskInputs(story, task, spec),
    state_type: seen.current?.type ?? null,
    state_name: seen.current?.name ?? null,
    run_count: seen.runs,
    flow_run_run_count: run < 0 ? 0 : 1,
    expected_start_time: text(expected),
    next_scheduled_start_time: text(seen.next),
    start_time: text(seen.start),
    end_time: text(seen.end),
    total_run_time: round(seen.seconds),
    estimated_run_time: guess.run,
    estimated_start_time_delta: guess.delta,
    state: current,
  };
}

const FLOW_RUN_OWNER = 2 ** 30;
export const userName = (number: number) => ['mara', 'jonas', 'priya', 'felix', 'chen'][number % 5];

export function flowRunJson(story: Story, run: number, now: number): JsonRow {
  const c = story.runs.at;
  const flow = flows[c.flow[run]];
  const seen = seenAt(runHistory(story, run), now);
  const current = seen.current && flowRunStateJson(story, run, seen.current, seen.states.length - 1);
  const number = c.deployment[run];
  const deployment = number >= 0 ? flow.deployments[number] : undefined;
  const expected = c.expected[run];
  const created = c.created[run];
  const guess = estimated(seen, expected, now);
  const queue = deployment?.queue ?? null;
  const parent = c.parent[run];
  const id = story.runId(run);
  const scheduled = story.trigger(run) === 'schedule';
  return {
    id,
    created: text(created),
    updated: updatedAfter(Math.max(seen.current?.at ?? 0, created), hash(story.seed, run, 71)),
    name: flowRunName(story.seed, run),
    flow_id: story.flowIds.v4(c.flow[run]),
    state_id: current?.['id'] ?? null,
    deployment_id: deploymentIdOf(story, run),
    deployment_version: deployment ? versionOf(flow.name) : null,
    work_queue_id: deployment ? queueId(story, deployment.pool, deployment.queue) : null,
    work_queue_name: queue,
    flow_version: versionOf(flow.name),
    parameters: flow.parameters,
    idempotency_key: idempotencyKey(story, run),
    context: {},
    empirical_policy: {
      max_retries: 0,
      retry_delay_seconds: 0,
      retries: 0,
      retry_delay: 0,
      pause_keys: [],
      resuming: false,
      retry_type: null,
    },
    tags: flowRunTags(story, run),
    labels: { 'prefect.flow.id': story.flowIds.v4(c.flow[run]) },
    parent_task_run_id: parent < 0 ? null : story.taskId(parent),
    state_type: seen.current?.type ?? null,
    state_name: seen.current?.name ?? null,
    run_count: seen.runs,
    expected_start_time: text(expected),
    next_scheduled_start_time: text(seen.next),
    start_time: text(seen.start),
    end_time: text(seen.end),
    total_run_time: round(seen.seconds),
    estimated_run_time: guess.run,
    estimated_start_time_delta: guess.delta,
    auto_scheduled: scheduled,
    infrastructure_document_id: null,
    infrastructure_pid: deployment ? `prefect-${hash(story.seed, run, 72).toString(16)}` : null,
    created_by: createdBy(story, run),
    work_pool_id: poolId(story, deployment?.pool),
    work_pool_name: deployment?.pool ?? null,
    state: current,
    job_variables: {},
  };
}

/** null: no schedule has started the run. */
export function idempotencyKey(story: Story, run: number): string | null {
  if (story.trigger(run) !== 'schedule') return null;
  return `scheduled ${deploymentIdOf(story, run)} ${text(story.runs.at.expected[run])}`;
}

export function createdBy(story: Story, run: number): { id: string; type: string; display_value: string } | null {
  switch (story.trigger(run)) {
    case 'schedule':
      return { id: story.deploymentIds.v4(999), type: 'SCHEDULER', display_value: 'every schedule' };
    case 'automation':
      return { id: story.deploymentIds.v4(998), type: 'AUTOMATION', display_value: 'rerun after incident' };
    case 'person':
    case 'parent':
      return null;
  }
}

export function flowRunTags(story: Story, run: number): string[] {
  const c = story.runs.at;
  const flow = flows[c.flow[run]];
  const deployment = flow.deployments[c.deployment[run]];
  const tags = [...flow.tags, ...(deployment?.tags ?? []).filter((tag) => !flow.tags.includes(tag))];
  if (story.trigger(run) === 'schedule') tags.push('auto-scheduled');
  if (story.trigger(run) === 'person') tags.push(userName(hash(story.seed, run, 73)));
  return tags;
}

/** All deployments in one sequence; the number after the last is the deleted deployment. */
export const deployments = flows.flatMap((flow, number) => flow.deployments.map((one) => ({ ...one, flow: number })));
const firstOfFlow = flows.map((_, number) => deployments.findIndex((one) => one.flow === number));
const deletedDeployment = { number: deployments.length, flow: DELETED_DEPLOYMENT.flow };

/** null: the run has no deployment. One deployment is deleted, and its runs still name it. */
export function deploymentIdOf(story: Story, run: number): string | null {
  const number = story.runs.at.deployment[run];
  if (number === -1) return null;
  if (number === -2) return story.deploymentIds.v4(deletedDeployment.number);
  return story.deploymentIds.v4((firstOfFlow[story.runs.at.flow[run]] ?? 0) + number);
}
