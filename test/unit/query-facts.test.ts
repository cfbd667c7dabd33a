/** Prefect's tricky filters, as its server answers them: one named test each, over one set of hand-made rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entity } from '../../src-main/contract/fields.ts';
import { prefectFiltersSchema } from '../../src-main/contract/prefect/filter.ts';
import { prefectRules } from '../../src-main/contract/prefect/versions.ts';
import type { Dialect } from '../../src-main/contract/query.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { FakeArchive, type PlainRow } from '../fixtures/fake-archive.ts';

const T = 1_700_000_000_000_000;
const id = (kind: number, n: number, start = '00000000') =>
  `${start}-0000-4000-8000-${String(kind).padStart(4, '0')}${String(n).padStart(8, '0')}`;
const flow = { f1: id(3, 1), f2: id(3, 2) };
const deployment = { d1: id(4, 1), deleted: id(4, 9) };
const flowRun = { plain: id(2, 1), deployed: id(2, 2), dangling: id(2, 3), stateless: id(2, 4), sub: id(2, 5) };
const nil = '00000000-0000-0000-0000-000000000000';

const archive = new FakeArchive();
archive.put('flow', { id: flow.f1, name: 'daily-etl', tags: [] });
archive.put('flow', { id: flow.f2, name: 'orphan', tags: ['x'] });
archive.put('deployment', { id: deployment.d1, name: 'prod', flow: flow.f1, tags: [], paused: false });
const run = (name: string, row: Omit<PlainRow, 'id'>, runId: string) =>
  archive.put('flow_run', { id: runId, name, tags: [], flow: flow.f1, state_type: 'COMPLETED', state_name: 'Completed', start_time: T, ...row }); // prettier-ignore
run('plain', {}, flowRun.plain);
run(
  'deployed',
  { deployment: deployment.d1, idempotency_key: 'k', state_type: 'RUNNING', state_name: 'Running' },
  flowRun.deployed,
);
run(
  'dangling',
  { deployment: deployment.deleted, flow: flow.f2, start_time: null, expected_start_time: T - 5 },
  flowRun.dangling,
);
run('stateless', { state_type: null, state_name: null, idempotency_key: 'other', tags: ['x'] }, flowRun.stateless);

/** name → row; `run` is its flow run */
const task = (name: string, row: Omit<PlainRow, 'id'> & { n: number; start?: string }) => {
  const { n, start, ...rest } = row;
  archive.put('task_run', { id: id(1, n, start), name, tags: [], state_type: 'COMPLETED', state_name: 'Completed', flow_run: flowRun.plain, expected_start_time: T, start_time: T, end_time: T + 9, ...rest }); // prettier-ignore
};
task('extract_beta', { n: 1, tags: ['x'] });
task('Extract-Alpha', { n: 2, tags: ['X'], state_name: 'Cached' });
task('äpfel', { n: 3, tags: ['a,b'], flow_run: flowRun.deployed });
task('ÄPFEL', { n: 4, flow_run: flowRun.dangling });
task('load%gamma', { n: 5, flow_run: flowRun.stateless });
task('load\\delta', { n: 6, state_type: null, state_name: null });
task('ends%', { n: 7, expected_start_time: null, start_time: null, end_time: null, state_type: 'PENDING' });
task(' extract', { n: 8, flow_run: null });
task('Z', { n: 9, flow_run: null, start: 'ffffffff', expected_start_time: T - 1, end_time: T + 99 });
task('a', {
  n: 10,
  start: '01a20000',
  expected_start_time: T + 1,
  next_scheduled_start_time: T + 50,
  state_type: 'SCHEDULED',
});
task('b', { n: 11, start: '01a30000', next_scheduled_start_time: T + 40, state_type: 'SCHEDULED' });
task('parent', { n: 12 });
run('sub', { parent_task_run: id(1, 12) }, flowRun.sub);
archive.commit();

const engines: Record<Dialect, Engine> = { sqlite: load('sqlite'), postgres: load('postgres') };
function load(dialect: Dialect): Engine {
  const engine = new Engine(archive, { dialect });
  engine.load();
  return engine;
}

type Options = { sort?: string; root?: Entity; dialect?: Dialect; prefect?: string };
function list(
  body: object,
  { sort = 'ID_DESC', root = 'task_run', dialect = 'sqlite', prefect = '3.8.8' }: Options = {},
): string[] {
  const engine = engines[dialect];
  const { count, rids } = engine.paginate(root, prefectFiltersSchema.parse(body), sort, 0, 200, {
    rules: prefectRules(prefect),
    now: T + 60_000_000,
  });
  assert.equal(count, rids.length);
  const name = engine.accessor('name', root);
  return Array.from(rids, (rid) => String(name(rid)));
}
const sorted = (names: string[]) => [...names].sort();
const same = (a: string[], b: string[]) => assert.deepEqual(sorted(a), sorted(b));

const all = list({});
const inFlowRun = all.filter((name) => ![' extract', 'Z'].includes(name));
const without = (...names: string[]) => all.filter((name) => !names.includes(name));
const tasks = (task_runs: object) => list({ task_runs });
const runs = (flow_runs: object) => list({ flow_runs });
const both = { any_: ['COMPLETED', 'RUNNING'], not_any_: ['COMPLETED'] };

test('flows:{} drops task runs without a flow run', () => same(list({ flows: {} }), inFlowRun));
test('flows:{} with flow_run_id.is_null_ is always empty', () =>
  same(list({ flows: {}, task_runs: { flow_run_id: { is_null_: true } } }), []));
test('deployments:{} keeps only runs whose deployment still exists', () => same(list({ deployments: {} }), ['äpfel']));
test('task_runs:{} and null have no effect', () => {
  same(tasks({}), all);
  same(list({ task_runs: null, flows: null, flow_runs: null, deployments: null }), all);
});
test('flow_run_id:{} means "has a flow run"', () => same(tasks({ flow_run_id: {} }), inFlowRun));
test('flow_run_id.is_null_:null is all rows', () => same(tasks({ flow_run_id: { is_null_: null } }), all));
test('flow_run_id.any_:null is rows with a flow run', () => same(tasks({ flow_run_id: { any_: null } }), inFlowRun));
test('flow_run_id.is_null_:true ignores any_, with or_ too', () => {
  const filter = { any_: [flowRun.plain], is_null_: true };
  same(tasks({ flow_run_id: filter }), [' extract', 'Z']);
  same(tasks({ flow_run_id: { ...filter, operator: 'or_' } }), [' extract', 'Z']);
});
test('id.any_:[] is none, flow_runs.id.not_any_:[] all with a flow run', () => {
  same(tasks({ id: { any_: [] } }), []);
  same(runs({ id: { not_any_: [] } }), inFlowRun);
});
test('tags.all_:[] is all, flow_runs.tags.any_:[] none', () => {
  same(tasks({ tags: { all_: [] } }), all);
  same(runs({ tags: { any_: [] } }), []);
});
test('tags or_ with all_:[] and is_null_ is only the untagged', () =>
  same(
    tasks({ tags: { operator: 'or_', all_: [], is_null_: true } }),
    without('extract_beta', 'Extract-Alpha', 'äpfel'),
  ));
for (const [line, filter] of Object.entries({
  'or_ with tags.all_:[]': { tags: { all_: [] }, id: { any_: [] } },
  'or_ with name:{}': { name: {}, id: { any_: [] } },
  'or_ with state:{}': { state: {}, id: { any_: [] } },
  'or_ alone': {},
}))
  test(`${line} is all rows`, () => same(tasks({ operator: 'or_', ...filter }), all));
test('flow_runs.state.type with any_ and not_any_ is dropped', () => same(runs({ state: { type: both } }), inFlowRun));
test('also when any_ is []', () => same(runs({ state: { type: { any_: [], not_any_: ['COMPLETED'] } } }), inFlowRun));
test('any_:[] with not_any_:[] is none', () => same(runs({ state: { type: { any_: [], not_any_: [] } } }), []));
test('a dropped state is TRUE under or_', () =>
  same(runs({ operator: 'or_', id: { any_: [nil] }, state: { type: both } }), inFlowRun));
test('from 3.9.1 on both apply', () => {
  const newer = (flow_runs: object) => list({ flow_runs }, { prefect: '3.9.1' });
  same(newer({ state: { type: both } }), ['äpfel']);
  same(newer({ state: { type: { any_: [], not_any_: ['COMPLETED'] } } }), []);
  same(newer({ operator: 'or_', id: { any_: [nil] }, state: { type: both } }), ['äpfel']);
  same(newer({ state: { type: { not_any_: [] } } }), inFlowRun);
});
test('inside state it is omitted, not TRUE', () =>
  same(runs({ state: { operator: 'or_', type: both, name: { any_: ['Running'] } } }), ['äpfel']));
test('all nine state types still omit rows without a state', () => {
  const any_ = [
    'SCHEDULED',
    'PENDING',
    'RUNNING',
    'COMPLETED',
    'FAILED',
    'CANCELLED',
    'CRASHED',
    'PAUSED',
    'CANCELLING',
  ];
  same(tasks({ state: { type: { any_ } } }), without('load\\delta'));
});
test('flow_runs.state.type.not_any_ omits runs without a state', () =>
  same(
    runs({ state: { type: { not_any_: ['RUNNING'] } } }),
    inFlowRun.filter((n) => !['äpfel', 'load%gamma'].includes(n)),
  ));
test('state names are exact and not types', () => {
  same(tasks({ state: { name: { any_: ['completed'] } } }), []);
  assert.ok(!tasks({ state: { name: { any_: ['Completed'] } } }).includes('Extract-Alpha'));
  assert.ok(tasks({ state: { type: { any_: ['COMPLETED'] } } }).includes('Extract-Alpha'));
});

const like = (like_: string, dialect: Dialect = 'sqlite') => list({ task_runs: { name: { like_ } } }, { dialect });
test('like_ "_" and "%" match every row', () => {
  same(like('_'), all);
  same(like('%'), all);
});
test('like_ "extract_" also matches Extract-Alpha', () => same(like('extract_'), ['extract_beta', 'Extract-Alpha']));
test('like_ folds ASCII only on SQLite, Unicode on PostgreSQL', () => {
  same(like('äpfel'), ['äpfel']);
  same(like('äpfel', 'postgres'), ['äpfel', 'ÄPFEL']);
});
test('like_ "\\": a backslash on SQLite, a closing literal % on PostgreSQL', () => {
  same(like('\\'), ['load\\delta']);
  same(like('\\', 'postgres'), ['ends%']);
});
test('like_ "\\%": a backslash then anything, or a literal % anywhere', () => {
  same(like('\\%'), ['load\\delta']);
  same(like('\\%', 'postgres'), ['load%gamma', 'ends%']);
});
test('like_ is not trimmed', () => same(like(' extract'), [' extract']));
test('only flow_runs.start_time falls back to the expected start', () => {
  assert.ok(!tasks({ start_time: { before_: '2100-01-01T00:00:00Z' } }).includes('ends%'));
  assert.ok(runs({ start_time: { before_: '2100-01-01T00:00:00Z' } }).includes('ÄPFEL'));
});
test('start_time before_ with is_null_ can match flow runs, never task runs', () => {
  const filter = { start_time: { before_: '2100-01-01T00:00:00Z', is_null_: true } };
  same(runs(filter), ['ÄPFEL']);
  same(tasks(filter), []);
});
test('both bounds at t match rows at exactly t', () => {
  const t = '2023-11-14T22:13:20.000001Z';
  same(tasks({ expected_start_time: { before_: t, after_: t } }), ['a']);
});
test('an offset compares instants', () =>
  same(tasks({ expected_start_time: { after_: '2023-11-15T00:13:20.000001+02:00' } }), ['a']));
test('no expected_start_time bound returns a row without one', () => {
  assert.ok(!tasks({ expected_start_time: { before_: '9999-12-31T23:59:59.999999Z' } }).includes('ends%'));
  assert.ok(!tasks({ expected_start_time: { after_: '1970-01-01T00:00:00Z' } }).includes('ends%'));
});
const order = (sort: string, dialect: Dialect) => list({}, { sort, dialect });
test('END_TIME_DESC: finished first on SQLite, unfinished on PostgreSQL', () => {
  assert.equal(order('END_TIME_DESC', 'sqlite')[0], 'Z');
  assert.equal(order('END_TIME_DESC', 'postgres')[0], 'ends%');
});
test('NEXT_SCHEDULED_START_TIME_ASC: nulls first on SQLite, earliest on PostgreSQL', () => {
  assert.deepEqual(order('NEXT_SCHEDULED_START_TIME_ASC', 'sqlite').slice(-2), ['b', 'a']);
  assert.deepEqual(order('NEXT_SCHEDULED_START_TIME_ASC', 'postgres').slice(0, 2), ['b', 'a']);
});
test('EXPECTED_START_TIME_DESC: nulls last on SQLite, first on PostgreSQL', () => {
  assert.equal(order('EXPECTED_START_TIME_DESC', 'sqlite').at(-1), 'ends%');
  assert.equal(order('EXPECTED_START_TIME_DESC', 'postgres')[0], 'ends%');
});
test('NAME_ASC: code points on SQLite, collation on PostgreSQL', () => {
  const sqlite = order('NAME_ASC', 'sqlite');
  assert.ok(sqlite.indexOf('Z') < sqlite.indexOf('a'));
  assert.ok(sqlite.indexOf('extract_beta') < sqlite.indexOf('ÄPFEL'));
  const postgres = order('NAME_ASC', 'postgres');
  assert.ok(postgres.indexOf('a') < postgres.indexOf('Z'));
  assert.deepEqual(postgres.filter((name) => /pfel|xtract/i.test(name)), [' extract', 'äpfel', 'ÄPFEL', 'extract_beta', 'Extract-Alpha']); // prettier-ignore
  assert.ok(postgres.indexOf('load\\delta') < postgres.indexOf('load%gamma'));
  assert.deepEqual(order('NAME_DESC', 'postgres'), postgres.toReversed());
});
test('ID_DESC is not time: a uuid4 row ranks above newer uuid7 rows', () => {
  assert.deepEqual(order('ID_DESC', 'sqlite').slice(0, 3), ['Z', 'b', 'a']);
});
test('a deleted deployment matches by the run’s own column only', () => {
  same(runs({ deployment_id: { any_: [deployment.deleted] } }), ['ÄPFEL']);
  same(runs({ deployment_id: { is_null_: false } }), ['äpfel', 'ÄPFEL']);
  same(list({ deployments: { id: { any_: [deployment.deleted] } } }), []);
});
test('flows.deployment.is_null_ is about the flow', () => {
  same(list({ flows: { deployment: { is_null_: true } } }), ['ÄPFEL']);
  same(
    list({ flows: { deployment: { is_null_: false } } }),
    inFlowRun.filter((name) => name !== 'ÄPFEL'),
  );
});
test('concurrency_limit has no effect and is not TRUE under or_', () => {
  same(list({ deployments: { concurrency_limit: { ge_: 99 } } }), ['äpfel']);
  same(list({ deployments: { operator: 'or_', concurrency_limit: { ge_: 99 }, name: { any_: ['none'] } } }), []);
});
test('tags are exact, duplicates do not matter, a comma is part of a tag', () => {
  same(tasks({ tags: { all_: ['x'] } }), ['extract_beta']);
  same(tasks({ tags: { all_: ['x', 'x'] } }), ['extract_beta']);
  same(tasks({ tags: { all_: ['a,b'] } }), ['äpfel']);
  same(tasks({ tags: { all_: ['a'] } }), []);
});
test('subflow_runs.exists_ loses the parent when the child is deleted', () => {
  same(tasks({ subflow_runs: { exists_: true } }), ['parent']);
  same(tasks({ subflow_runs: { exists_: false } }), without('parent'));
  archive.drop('flow_run', flowRun.sub, false);
  engines.sqlite.apply(archive.commit());
  same(tasks({ subflow_runs: { exists_: true } }), []);
});
test('idempotency_key.not_any_ omits runs without a key', () =>
  same(runs({ idempotency_key: { not_any_: ['k'] } }), ['load%gamma']));
test('limit 0 gives no rows and the real count', () => {
  const page = engines.sqlite.paginate('task_run', {}, 'ID_DESC', 0, 0);
  assert.deepEqual([page.count, page.rids.length], [all.length, 0]);
});
test('a page past the end is empty with the true count', () => {
  const page = engines.sqlite.paginate('task_run', {}, 'ID_DESC', 98 * 200, 200);
  assert.deepEqual([page.count, page.rids.length], [all.length, 0]);
});
test('a sort in the wrong case is refused', () =>
  assert.throws(() => engines.sqlite.paginate('task_run', {}, 'id_desc', 0, 1), { code: 'BAD_INPUT' }));
test('flow_runs.id.any_ alone reaches task runs whose flow run was not read yet', () => {
  const partial = new FakeArchive();
  partial.put('task_run', { id: id(1, 1), name: 't', flow_run: flowRun.plain });
  const engine = new Engine(partial, { dialect: 'sqlite' });
  engine.load();
  const count = (body: object) => engine.paginate('task_run', prefectFiltersSchema.parse(body), 'ID_DESC', 0, 9).count;
  assert.equal(count({ flow_runs: { id: { any_: [flowRun.plain] } } }), 1);
  assert.equal(count({ flow_runs: { id: { any_: [flowRun.plain] }, name: {} } }), 0);
  assert.equal(count({ flow_runs: {} }), 0);
});
