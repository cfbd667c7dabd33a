/** Everything that the archive has of one run, for the detail pane. */
import { z } from 'zod';
import { attemptSeconds } from '../../contract/attempt.ts';
import { AppError } from '../../contract/errors.ts';
import type { Condition } from '../../contract/query.ts';
import type { RunLink, TaskRunDetail } from '../../contract/run.ts';
import type { Engine } from '../../query/engine.ts';
import type { Reader } from '../../store/read/reader.ts';
import { lastSuccess } from './last-success.ts';

/** Runs of the same flow run that are searched for this run as an input. Further ones are left out, so that opening a run stays under 20 ms. */
const MAX_SIBLINGS = 2000;
/** Runs of the same task that count for the median of an attempt. */
const MAX_ATTEMPTS = 5000;

const recordSchema = z
  .object({
    dynamic_key: z.string().nullish().catch(null),
    task_inputs: z
      .record(z.string(), z.array(z.looseObject({ input_type: z.string().optional(), id: z.string().optional() })))
      .nullish()
      .catch(null),
  })
  .catch({ dynamic_key: null, task_inputs: null });
type Inputs = NonNullable<z.infer<typeof recordSchema>['task_inputs']>;

/** `url` is null: this thread does not know the address of the server. Throws NOT_FOUND. */
export function runDetail(engine: Engine, reader: Reader, id: string): TaskRunDetail {
  const rid = engine.ridOf('task_run', id);
  if (rid === null) throw new AppError('NOT_FOUND', `no task run ${id} in the archive`, { id });
  const row = engine.taskRunRow(rid);
  const json = reader.json('task_run', [rid])[0] ?? 'null';

  const link = (other: number, parameter: string | null): RunLink => {
    const { id, name, state_type, state_name } = engine.taskRunRow(other);
    return { id, kind: 'task_run', name, state_type, state_name, parameter };
  };

  const record = recordSchema.parse(JSON.parse(json));
  const upstream: RunLink[] = [];
  for (const [parameter, inputId] of runInputs(record.task_inputs ?? {})) {
    const other = engine.ridOf('task_run', inputId);
    if (other !== null) upstream.push(link(other, parameter));
  }

  const downstream: RunLink[] = [];
  const flowRun = row.flow_run_id === null ? null : engine.ridOf('flow_run', row.flow_run_id);
  const siblings = flowRun === null ? [] : engine.related('flow_run', flowRun, 'task_runs').slice(0, MAX_SIBLINGS);
  const others = siblings.filter((other) => other !== rid);
  reader.json('task_run', others).forEach((text, i) => {
    const other = others[i];
    if (other === undefined || !text.includes(id)) return;
    const used = runInputs(readInputs(text)).find(([, inputId]) => inputId === id);
    if (used) downstream.push(link(other, used[0]));
  });

  const flowRunName = engine.accessor('name', 'flow_run');
  const flowRunType = engine.accessor('state_type', 'flow_run');
  const flowRunState = engine.accessor('state_name', 'flow_run');
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const subflows = engine.related('task_run', rid, 'subflow_runs').map((other): RunLink => ({
    id: engine.idOf('flow_run', other),
    kind: 'flow_run',
    name: text(flowRunName(other)) ?? '',
    state_type: text(flowRunType(other)),
    state_name: text(flowRunState(other)),
    parameter: null,
  }));

  const completed = engine.ask({
    where: {
      and: [
        row.task_key === null ? { field: 'task_key', isNull: true } : { field: 'task_key', in: [row.task_key] },
        { field: 'state_type', in: ['COMPLETED'] },
      ],
    },
    sort: [{ field: 'expected_start_time', dir: 'desc' }],
    now: 0,
  });
  const recent = completed.order.subarray(0, MAX_ATTEMPTS);
  const success = lastSuccess(engine, row, record.dynamic_key ?? null);
  return {
    row,
    json,
    flow_run_json: flowRun === null ? null : (reader.json('flow_run', [flowRun])[0] ?? null),
    upstream,
    downstream,
    subflows,
    median_attempt: medianAttempt(engine, recent),
    last_success: success && {
      ...link(success.rid, null),
      end_time: engine.taskRunRow(success.rid).end_time,
      same_input: success.sameInput,
    },
    same_failure: row.failure === null ? null : sameFailure(engine, row.failure),
    url: null,
  };
}

function readInputs(json: string): Inputs {
  return recordSchema.parse(JSON.parse(json)).task_inputs ?? {};
}

/** The parameter and the task run id of each input that is the result of another task run. */
function runInputs(inputs: Inputs): [string, string][] {
  return Object.entries(inputs).flatMap(([parameter, list]) =>
    list.flatMap((one): [string, string][] => (one.input_type === 'task_run' && one.id ? [[parameter, one.id]] : [])),
  );
}

function sameFailure(engine: Engine, failure: string): TaskRunDetail['same_failure'] {
  const field = 'expected_start_time';
  const alike: Condition = { field: 'failure', in: [failure] };
  const dated: Condition = { and: [alike, { field, isNull: false }] };
  const [first] = engine.ask({ where: dated, sort: [{ field, dir: 'asc' }], now: 0 }).slice(0, 1);
  return {
    runs: engine.count('task_run', alike, 0),
    first: first === undefined ? null : engine.taskRunRow(first).expected_start_time,
  };
}

/** The median of an attempt in seconds, over runs that have run; null when none has. */
function medianAttempt(engine: Engine, rids: Uint32Array): number | null {
  const runTime = engine.accessor('total_run_time', 'task_run');
  const attempts = engine.accessor('run_count', 'task_run');
  const seconds: number[] = [];
  for (const rid of rids) {
    const one = attemptSeconds(runTime(rid) as number | null, attempts(rid) as number | null);
    if (one !== null) seconds.push(one);
  }
  seconds.sort((a, b) => a - b);
  return seconds[seconds.length >> 1] ?? null;
}
