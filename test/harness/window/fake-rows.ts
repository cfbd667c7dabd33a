/** Rows made from their index alone, so that any of ten million exists without being kept. */
import { rowPaths, type TaskRunRow } from '../../../src-main/contract/run.ts';

const names = ['load_orders', 'transform_batch', 'extract_events', 'publish_report', 'score_model', 'merge_ledger'];
const flows = ['nightly-etl', 'ingest-orders', 'train-model', 'billing-hourly'];
const runs = ['sad-marvin', 'brave-otter', 'lazy-lynx', 'quick-heron', 'amethyst-cuttlefish'];
const states: [string, string][] = [
  ['FAILED', 'Failed'],
  ['COMPLETED', 'Completed'],
  ['COMPLETED', 'Cached'],
  ['CRASHED', 'Crashed'],
  ['FAILED', 'TimedOut'],
  ['RUNNING', 'Running'],
  ['SCHEDULED', 'AwaitingRetry'],
  ['PENDING', 'NotReady'],
  ['CANCELLED', 'Cancelled'],
  ['PAUSED', 'Paused'],
  ['CANCELLING', 'Cancelling'],
];

function hash(index: number, salt: number): number {
  let x = Math.imul(index + 1, 2654435761) ^ Math.imul(salt + 7, 40503);
  x = Math.imul(x ^ (x >>> 15), 2246822519);
  return (x ^ (x >>> 13)) >>> 0;
}

const pick = <T>(list: readonly T[], index: number, salt: number): T => list[hash(index, salt) % list.length];

/** For the fields that no row here has a value in. */
const withoutValues = Object.fromEntries(Object.keys(rowPaths).map((name) => [name, null])) as unknown as TaskRunRow;

export const EPOCH = Date.UTC(2026, 10, 23, 15, 0, 0) * 1000;

export function fakeRow(index: number): TaskRunRow {
  const uuid = (salt: number) => {
    const hex = [0, 1, 2, 3]
      .map((part) =>
        hash(index, salt * 10 + part)
          .toString(16)
          .padStart(8, '0'),
      )
      .join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  const [type, name] = hash(index, 1) % 3 ? states[1] : pick(states, index, 2);
  const start = EPOCH - index * 190_000_000 - (hash(index, 3) % 190_000_000);
  const seconds = Math.exp((hash(index, 4) % 1000) / 90) / 20;
  const started = !['SCHEDULED', 'PENDING'].includes(type) || hash(index, 5) % 2 === 0;
  const task = pick(names, index, 6);
  return {
    ...withoutValues,
    id: uuid(1),
    name: `${task}-${(hash(index, 7) % 4096).toString(16).padStart(3, '0')}`,
    task_key: `flows.orders:${task}`,
    state_type: index % 97 === 96 ? null : type,
    state_name: index % 97 === 96 ? null : name,
    failure: type === 'FAILED' || type === 'CRASHED' ? "KeyError: 'discount_code'" : null,
    tags:
      [['prod'], ['prod', 'etl'], ['gpu'], [], ['prod', 'nightly', 'finance', 'critical']][hash(index, 8) % 5] ?? [],
    flow_run_id: uuid(2),
    flow_run_name: index % 41 === 40 ? null : `${pick(runs, index, 9)}-${hash(index, 10) % 90}`,
    flow_id: uuid(3),
    flow_name: index % 41 === 40 ? null : pick(flows, index, 11),
    deployment_id: uuid(4),
    deployment_name: 'production',
    expected_start_time: start - (hash(index, 12) % 3_000_000),
    next_scheduled_start_time: type === 'SCHEDULED' ? start + 20_000_000 : null,
    start_time: started ? start : null,
    end_time: ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED'].includes(type) ? start + Math.round(seconds * 1e6) : null,
    created: start - 3_000_000,
    updated: start + Math.round(seconds * 1e6),
    run_count: hash(index, 13) % 6 ? 1 : 1 + (hash(index, 14) % 4),
    total_run_time: seconds,
    left_behind: null,
    note: null,
    failure_note: null,
    bookmarked: false,
    seen_at: null,
    flow_run_note: null,
    gone: index % 53 === 52 ? EPOCH : null,
  };
}
