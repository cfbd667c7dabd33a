/** The company the demo tells of: its flows, their tasks, deployments and queues. Durations in seconds. */
import type { Cause } from './failures.ts';

export type TaskSpec = {
  name: string;
  /** tasks of the same flow it waits for; none: it starts with the flow */
  after: readonly string[];
  /** how many runs a map makes; [1, 1] is one plain call */
  fan: readonly [number, number];
  /** median seconds of one attempt, and its skew */
  median: number;
  sigma: number;
  /** chance that an attempt fails on an ordinary day */
  fails: number;
  /** which incidents reach it, and what its failures look like */
  causes: readonly Cause[];
  retries: number;
  retryDelay: number;
  timeout: number | null;
  /** chance of a result from the cache */
  cached: number;
  /** the flow it runs, by name; such a run is the placeholder row of a subflow */
  subflow: string | null;
  tags: readonly string[];
  /** parameters of the flow and constants it takes beside its upstream results */
  inputs: readonly string[];
  artifact: 'table' | 'markdown' | null;
};

/** When runs begin: hours of the day that carry weight, and the grid their schedule sits on (minutes, 0: anytime). */
export type Rhythm = { hours: readonly number[]; grid: number; weekdaysOnly: boolean };

export type FlowSpec = {
  name: string;
  tags: readonly string[];
  rhythm: Rhythm;
  /** share of all runs started from outside */
  weight: number;
  deployments: readonly { name: string; queue: string; pool: string; tags: readonly string[]; paused: boolean; cron: string }[];
  parameters: Readonly<Record<string, unknown>>;
  tasks: readonly TaskSpec[];
};

type TaskInput = Partial<Omit<TaskSpec, 'name'>>;
function task(name: string, given: TaskInput = {}): TaskSpec {
  return {
    name,
    after: [],
    fan: [1, 1],
    median: 6,
    sigma: 0.7,
    fails: 0.012,
    causes: ['code'],
    retries: 0,
    retryDelay: 10,
    timeout: null,
    cached: 0,
    subflow: null,
    tags: [],
    inputs: [],
    artifact: null,
    ...given,
  };
}

const night: Rhythm = { hours: [4, 9, 10, 8, 5, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2], grid: 5, weekdaysOnly: false };
const dayAndNight: Rhythm = { hours: Array.from({ length: 24 }, () => 1), grid: 5, weekdaysOnly: false };
const office: Rhythm = { hours: [0, 0, 0, 0, 0, 0, 1, 4, 8, 9, 8, 7, 5, 8, 9, 8, 6, 3, 2, 1, 1, 1, 0, 0], grid: 0, weekdaysOnly: true };
const hourly: Rhythm = { hours: Array.from({ length: 24 }, () => 1), grid: 60, weekdaysOnly: false };

function deployed(name: string, queue: string, pool: string, cron: string, tags: readonly string[] = ['prod'], paused = false) {
  return { name, queue, pool, tags, paused, cron };
}

const WAREHOUSE: TaskInput = { causes: ['warehouse', 'disk'], retries: 2, retryDelay: 30, fails: 0.04 };
const API: TaskInput = { causes: ['api', 'network'], retries: 3, retryDelay: 10, fails: 0.09, tags: ['external-api'] };
const CHECK: TaskInput = { causes: ['schema'], fails: 0.035, artifact: 'table' };

export const flows: readonly FlowSpec[] = [
  {
    name: 'nightly-etl', tags: ['etl', 'prod'], rhythm: night, weight: 10,
    deployments: [deployed('prod', 'critical', 'k8s-prod', '0 2 * * *'), deployed('backfill', 'default', 'k8s-prod', '0 4 * * 6', ['backfill'])],
    parameters: { day: '2026-11-22', full_refresh: false },
    tasks: [
      task('extract_orders', { ...WAREHOUSE, median: 48, inputs: ['day'] }),
      task('extract_customers', { ...WAREHOUSE, median: 31, inputs: ['day'] }),
      task('extract_payments', { ...API, median: 64, inputs: ['day'] }),
      task('validate_schema', { ...CHECK, median: 4, after: ['extract_orders', 'extract_customers', 'extract_payments'] }),
      task('transform_orders', { after: ['validate_schema'], median: 95, causes: ['memory', 'schema', 'code'], fails: 0.01, inputs: ['full_refresh'] }),
      task('load_orders', { ...WAREHOUSE, after: ['transform_orders'], median: 140, timeout: 900, tags: ['warehouse'] }),
      task('load_customers', { ...WAREHOUSE, after: ['validate_schema'], median: 52, tags: ['warehouse'] }),
      task('refresh-marts', { after: ['load_orders', 'load_customers'], subflow: 'refresh-marts' }),
      task('notify_slack', { after: ['refresh-marts'], median: 0.6, causes: ['network'], fails: 0.004, tags: ['notify'] }),
    ],
  },
  {
    name: 'ingest-orders', tags: ['ingest', 'prod', 'orders'], rhythm: dayAndNight, weight: 22,
    deployments: [deployed('every-10-min', 'ingest', 'k8s-prod', '*/10 * * * *'), deployed('replay', 'default', 'k8s-prod', '0 5 * * 0', ['backfill'], true)],
    parameters: { since: null, page_size: 500, source: 'shop-eu' },
    tasks: [
      task('fetch_page', { ...API, fan: [2, 6], median: 2.4, sigma: 0.9, inputs: ['since', 'page_size'] }),
      task('dedupe_orders', { after: ['fetch_page'], median: 1.1 }),
      task('load_orders', { ...WAREHOUSE, after: ['dedupe_orders'], median: 5, tags: ['warehouse'] }),
    ],
  },
  {
    name: 'train-model', tags: ['ml', 'gpu'], rhythm: night, weight: 3,
    deployments: [deployed('nightly', 'gpu', 'gpu-pool', '30 3 * * *', ['prod', 'gpu'])],
    parameters: { epochs: 12, learning_rate: 0.0003, model: 'churn-v4' },
    tasks: [
      task('load_features', { ...WAREHOUSE, median: 210, cached: 0.3 }),
      task('split_dataset', { after: ['load_features'], median: 18, cached: 0.25 }),
      task('train_fold', { after: ['split_dataset'], fan: [3, 5], median: 1250, sigma: 0.45, causes: ['memory'], fails: 0.03, retries: 1, retryDelay: 60, timeout: 5400, tags: ['gpu'], inputs: ['epochs', 'learning_rate'] }),
      task('evaluate_model', { after: ['train_fold'], median: 75, artifact: 'markdown' }),
      task('register_model', { after: ['evaluate_model'], median: 5, causes: ['network', 'code'], inputs: ['model'] }),
    ],
  },
  {
    name: 'billing-hourly', tags: ['billing', 'prod', 'pii'], rhythm: hourly, weight: 14,
    deployments: [deployed('prod', 'critical', 'k8s-prod', '0 * * * *')],
    parameters: { currency: 'EUR', dry_run: false },
    tasks: [
      task('collect_usage', { ...WAREHOUSE, median: 14 }),
      task('price_usage', { after: ['collect_usage'], median: 8, causes: ['schema', 'code'], fails: 0.008, inputs: ['currency'] }),
      task('write_invoices', { after: ['price_usage'], median: 11, fan: [1, 3], causes: ['disk', 'code'], inputs: ['dry_run'] }),
      task('post_ledger', { ...API, after: ['write_invoices'], median: 3.2, tags: ['external-api', 'ledger'] }),
    ],
  },
  {
    name: 'refresh-marts', tags: ['dbt', 'prod'], rhythm: office, weight: 2,
    deployments: [deployed('on-demand', 'default', 'k8s-prod', '0 12 * * 1-5')],
    parameters: { marts: ['sales', 'finance', 'support'] },
    tasks: [
      task('build_mart', { ...WAREHOUSE, fan: [3, 6], median: 38, sigma: 0.8, tags: ['dbt'], inputs: ['marts'] }),
      task('test_mart', { ...CHECK, after: ['build_mart'], median: 12, tags: ['dbt'] }),
      task('publish_mart', { after: ['test_mart'], median: 2 }),
    ],
  },
  {
    name: 'sync-crm', tags: ['crm', 'prod', 'pii'], rhythm: hourly, weight: 8,
    deployments: [deployed('hourly', 'ingest', 'k8s-prod', '15 * * * *')],
    parameters: { objects: ['account', 'contact'] },
    tasks: [
      task('fetch_accounts', { ...API, median: 9 }),
      task('fetch_contacts', { ...API, median: 16 }),
      task('match_identities', { after: ['fetch_accounts', 'fetch_contacts'], median: 7, causes: ['schema', 'code'] }),
      task('upsert_batch', { ...API, after: ['match_identities'], fan: [2, 5], median: 4 }),
    ],
  },
  {
    name: 'scrape-prices', tags: ['scrape'], rhythm: dayAndNight, weight: 7,
    deployments: [deployed('every-30-min', 'scrape', 'vm-workers', '*/30 * * * *', ['best-effort'])],
    parameters: { shops: 9 },
    tasks: [
      task('list_shops', { median: 0.4, cached: 0.6, sigma: 0.4 }),
      task('scrape_shop', { ...API, after: ['list_shops'], fan: [5, 12], median: 11, sigma: 1.1, fails: 0.22, timeout: 120, retries: 2, retryDelay: 5, tags: ['external-api', 'best-effort'] }),
      task('store_prices', { ...WAREHOUSE, after: ['scrape_shop'], median: 3 }),
    ],
  },
  {
    name: 'sensor-rollup', tags: ['iot'], rhythm: dayAndNight, weight: 9,
    deployments: [deployed('every-15-min', 'ingest', 'vm-workers', '*/15 * * * *')],
    parameters: { sites: ['ham', 'rot', 'ant'] },
    tasks: [
      task('read_bucket', { fan: [3, 3], median: 3.1, causes: ['network', 'disk'], retries: 1, fails: 0.01, inputs: ['sites'] }),
      task('roll_up', { after: ['read_bucket'], median: 5 }),
      task('write_rollup', { ...WAREHOUSE, after: ['roll_up'], median: 2 }),
    ],
  },
  {
    name: 'score-churn', tags: ['ml', 'prod'], rhythm: night, weight: 3,
    deployments: [deployed('daily', 'gpu', 'gpu-pool', '0 5 * * *')],
    parameters: { model: 'churn-v4', threshold: 0.62 },
    tasks: [
      task('load_model', { median: 9, cached: 0.5 }),
      task('score_segment', { after: ['load_model'], fan: [4, 8], median: 80, causes: ['memory', 'schema'], fails: 0.012, tags: ['gpu'] }),
      task('write_scores', { ...WAREHOUSE, after: ['score_segment'], median: 21, inputs: ['threshold'] }),
    ],
  },
  {
    name: 'backup-postgres', tags: ['ops'], rhythm: night, weight: 3,
    deployments: [deployed('nightly', 'default', 'vm-workers', '0 1 * * *', ['ops'])],
    parameters: { databases: ['app', 'billing', 'crm'], keep_days: 30 },
    tasks: [
      task('dump_database', { fan: [3, 3], median: 420, sigma: 0.4, causes: ['disk', 'warehouse'], fails: 0.012, retries: 1, retryDelay: 120, timeout: 3600 }),
      task('verify_dump', { after: ['dump_database'], median: 60 }),
      task('prune_old', { after: ['verify_dump'], median: 4, inputs: ['keep_days'] }),
    ],
  },
  {
    name: 'email-digest', tags: ['notify', 'prod'], rhythm: { ...office, grid: 30 }, weight: 3,
    deployments: [deployed('weekday-mornings', 'default', 'k8s-prod', '0 7 * * 1-5')],
    parameters: { audience: 'all' },
    tasks: [
      task('render_digest', { median: 3 }),
      task('send_batch', { ...API, after: ['render_digest'], fan: [2, 7], median: 6, tags: ['notify'] }),
    ],
  },
  {
    name: 'data-quality', tags: ['quality', 'prod'], rhythm: hourly, weight: 8,
    deployments: [deployed('hourly', 'default', 'k8s-prod', '45 * * * *')],
    parameters: { suite: 'core' },
    tasks: [
      task('check_freshness', { ...CHECK, median: 2.2 }),
      task('check_nulls', { ...CHECK, median: 5, fan: [2, 4] }),
      task('check_volume', { ...CHECK, median: 3.4 }),
      task('report_quality', { after: ['check_freshness', 'check_nulls', 'check_volume'], median: 1, artifact: 'markdown' }),
    ],
  },
  {
    name: 'fx-rates', tags: ['finance'], rhythm: hourly, weight: 4,
    deployments: [deployed('hourly', 'ingest', 'k8s-prod', '5 * * * *')],
    parameters: { base: 'EUR' },
    tasks: [task('fetch_rates', { ...API, median: 1.3, inputs: ['base'] }), task('store_rates', { ...WAREHOUSE, after: ['fetch_rates'], median: 0.8 })],
  },
  {
    name: 'inventory-forecast', tags: ['ml'], rhythm: night, weight: 2,
    deployments: [deployed('daily', 'gpu', 'gpu-pool', '30 4 * * *')],
    parameters: { horizon_days: 28 },
    tasks: [
      task('load_history', { ...WAREHOUSE, median: 75, cached: 0.2 }),
      task('fit_warehouse', { after: ['load_history'], fan: [4, 9], median: 190, causes: ['memory', 'code'], fails: 0.014, retries: 1, inputs: ['horizon_days'] }),
      task('publish_forecast', { after: ['fit_warehouse'], median: 9, artifact: 'table' }),
    ],
  },
  {
    name: 'archive-logs', tags: ['ops'], rhythm: night, weight: 2,
    deployments: [deployed('daily', 'default', 'vm-workers', '20 0 * * *', ['ops'])],
    parameters: { older_than_days: 14 },
    tasks: [
      task('list_segments', { median: 2 }),
      task('compress_segment', { after: ['list_segments'], fan: [3, 10], median: 44, sigma: 0.5, causes: ['disk'], fails: 0.01 }),
      task('upload_segment', { after: ['compress_segment'], fan: [3, 10], median: 16, causes: ['network', 'code'], fails: 0.012, retries: 2 }),
    ],
  },
  {
    name: 'partner-drop', tags: ['partner', 'prod'], rhythm: { ...office, grid: 15 }, weight: 4,
    deployments: [deployed('workdays', 'default', 'k8s-prod', '30 9,14 * * 1-5')],
    parameters: { partner: 'northwind' },
    tasks: [
      task('await_file', { median: 240, sigma: 1.2, timeout: 1800, causes: ['network'], fails: 0.02 }),
      task('parse_file', { after: ['await_file'], median: 7, causes: ['schema', 'code'], fails: 0.03, inputs: ['partner'] }),
      task('acknowledge', { ...API, after: ['parse_file'], median: 1.5 }),
    ],
  },
  {
    name: 'feature-store', tags: ['ml', 'prod'], rhythm: hourly, weight: 4,
    deployments: [deployed('hourly', 'ingest', 'k8s-prod', '25 * * * *')],
    parameters: { entity: 'customer' },
    tasks: [
      task('compute_features', { ...WAREHOUSE, fan: [2, 4], median: 33 }),
      task('data-quality', { after: ['compute_features'], subflow: 'data-quality' }),
      task('publish_features', { after: ['data-quality'], median: 3 }),
    ],
  },
  {
    name: 'sandbox', tags: ['dev'], rhythm: office, weight: 5,
    deployments: [],
    parameters: { n: 3 },
    tasks: [
      task('try_something', { fan: [1, 3], median: 1.8, sigma: 1.2, causes: ['code', 'schema'], fails: 0.2, inputs: ['n'] }),
      task('print_result', { after: ['try_something'], median: 0.1 }),
    ],
  },
];

/** Tasks sent with `.delay()`: no flow run, made by the server, often for later. */
export const background: readonly TaskSpec[] = [
  task('send_welcome_email', { median: 1.2, causes: ['network'], fails: 0.02, retries: 3, tags: ['background', 'notify'] }),
  task('make_thumbnail', { median: 3.5, causes: ['disk', 'memory'], fails: 0.015, tags: ['background'] }),
  task('rebuild_search_index', { median: 95, causes: ['warehouse'], fails: 0.02, retries: 1, tags: ['background', 'search'] }),
];
/** share of heads that are a burst of background tasks */
export const BACKGROUND_WEIGHT = 4;

/** A deployment that was deleted: its runs keep its id, the deployment itself answers 404. */
export const DELETED_DEPLOYMENT = { flow: 'scrape-prices', name: 'legacy-hourly' };

export const workPools = ['k8s-prod', 'gpu-pool', 'vm-workers'];
