/** A row put in by a test: what it leaves out is filled so that the row is one the server could have. */
import { randomUUID } from 'node:crypto';
import type { Entity } from '../../contract/fields.ts';
import { formatTimeLikePrefect } from '../../contract/time.ts';
import type { Database } from './database.ts';
import type { JsonRow } from './wire-rows.ts';

export function newRow(database: Database, entity: Entity, given: JsonRow, now: number): JsonRow {
  const table = database[entity];
  const at = formatTimeLikePrefect(now);
  const model = [...table.byTime().keys].find((key) => table.exists(key, now));
  const id = typeof given['id'] === 'string' ? given['id'] : randomUUID();
  const base: JsonRow = {
    ...(model === undefined ? bare : table.json(model, now)),
    id,
    created: at,
    updated: at,
    tags: [],
    ...(entity === 'task_run' || entity === 'flow_run' ? fresh(id, at) : {}),
    ...(entity === 'task_run' ? { flow_run_id: null, task_inputs: {} } : {}),
    ...(entity === 'flow_run'
      ? { deployment_id: null, parent_task_run_id: null, idempotency_key: null, created_by: null }
      : {}),
  };
  return { ...base, ...given };
}

const bare: JsonRow = { name: 'put-in', task_key: 'put_in', dynamic_key: '0', labels: {}, flow_id: null };

function fresh(id: string, at: string): JsonRow {
  const state = {
    id: randomUUID(),
    type: 'COMPLETED',
    name: 'Completed',
    timestamp: at,
    message: null,
    data: null,
    state_details: { flow_run_id: null, task_run_id: id },
  };
  return {
    state,
    state_id: state.id,
    state_type: state.type,
    state_name: state.name,
    run_count: 1,
    expected_start_time: at,
    next_scheduled_start_time: null,
    start_time: at,
    end_time: at,
    total_run_time: 0,
    estimated_run_time: 0,
    estimated_start_time_delta: 0,
  };
}
