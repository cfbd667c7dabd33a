/** The synthetic source's rows as a Prefect 3.8 server sends them, about 2 kB each, so that engine, archive and peers hold the same. */
import type { Entity } from '../../src-main/contract/fields.ts';
import { formatTimeLikePrefect } from '../../src-main/contract/time.ts';
import { stateDetails } from '../fixtures/prefect-rows.ts';
import { noise, type SyntheticSource } from '../fixtures/synthetic-source.ts';

type Values = Record<string, string | number | null>;
export type WireRow = { json: string; value: Record<string, unknown> };

export function wireRow(source: SyntheticSource, entity: Entity, rid: number): WireRow {
  const values = source.values(entity, rid);
  const id = source.id(entity, rid);
  const ref = (to: Entity, key: string) => (typeof values[key] === 'number' ? source.id(to, values[key]) : null);
  const value = {
    id,
    created: time(values['created'] ?? 0),
    updated: time(values['updated'] ?? 0),
    name: values['name'],
    tags: tagsOf(source, values['tags'] ?? null),
    labels: {},
    ...(entity === 'task_run' && taskRun(values, id, ref('flow_run', 'flow_run'), rid)),
    ...(entity === 'flow_run' && {
      ...run(values, id, null),
      flow_id: ref('flow', 'flow'),
      deployment_id: ref('deployment', 'deployment'),
      parent_task_run_id: ref('task_run', 'parent_task_run'),
      work_queue_name: values['work_queue_name'],
      parameters: {},
    }),
    ...(entity === 'deployment' && {
      flow_id: ref('flow', 'flow'),
      paused: values['paused'] === 1,
      work_queue_name: null,
      schedules: [],
    }),
  };
  return { json: JSON.stringify(value), value };
}

function tagsOf(source: SyntheticSource, tags: string | number | null): string[] {
  return tags === null ? [] : (JSON.parse(typeof tags === 'number' ? source.text(tags) : tags) as string[]);
}

const time = (micros: string | number | null | undefined): string | null =>
  typeof micros === 'number' ? formatTimeLikePrefect(micros) : null;

const hex = (rid: number, salt: number): string =>
  Math.floor(noise(rid, salt) * 0xffffffff)
    .toString(16)
    .padStart(8, '0');

function run(values: Values, id: string, flowRunId: string | null) {
  const type = values['state_type'];
  const stateId = `${id.slice(0, 9)}5555${id.slice(13)}`;
  return {
    state_id: stateId,
    state_type: type,
    state_name: values['state_name'],
    run_count: values['run_count'],
    expected_start_time: time(values['expected_start_time']),
    next_scheduled_start_time: time(values['next_scheduled_start_time']),
    start_time: time(values['start_time']),
    end_time: time(values['end_time']),
    total_run_time: values['total_run_time'],
    estimated_run_time: values['total_run_time'],
    estimated_start_time_delta: 0.25,
    state: {
      id: stateId,
      type,
      name: values['state_name'],
      timestamp: time(values['state_timestamp'] ?? values['end_time'] ?? values['expected_start_time']),
      message:
        type === 'FAILED' ? `Task run encountered an exception ValueError: row ${id.slice(0, 6)} has no orders` : null,
      data: null,
      state_details: {
        ...stateDetails(flowRunId, flowRunId === null ? null : id, stateId),
        scheduled_time: type === 'SCHEDULED' ? time(values['expected_start_time']) : null,
      },
    },
  };
}

function taskRun(values: Values, id: string, flowRunId: string | null, rid: number) {
  return {
    flow_run_id: flowRunId,
    task_key: values['task_key'],
    dynamic_key: `${hex(rid, 70)}-${hex(rid, 71)}`,
    cache_key: values['state_name'] === 'Cached' ? hex(rid, 72).repeat(4) : null,
    cache_expiration: null,
    task_version: null,
    flow_run_run_count: 1,
    empirical_policy: {
      max_retries: 0,
      retry_delay_seconds: 0,
      retries: 3,
      retry_delay: 10,
      retry_jitter_factor: null,
    },
    task_inputs: {
      rows: [{ input_type: 'task_run', id: `${hex(rid, 73)}-0000-7000-8000-${hex(rid, 74)}0000` }],
      path: [{ input_type: 'constant', type: 'str' }],
      config: [{ input_type: 'parameter', name: 'config' }],
    },
    ...run(values, id, flowRunId),
  };
}
