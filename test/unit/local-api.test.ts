/** The local API where no server is needed to know the answer; what it answers like Prefect is in test/integration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerApi, type ArchiveView } from '../../src-main/local-api/answer.ts';
import { memberSpans } from '../../src-main/contract/json-text.ts';
import { pageRow, wholeRow } from '../../src-main/local-api/run-rows.ts';
import '../fixtures/ci-seed.ts';

/** No test here asks for what is kept of single runs. */
const notKept = (): never => {
  throw new Error('nothing is kept');
};

const ID = '01a20aea-6dc4-7b34-82a2-1b1505be9768';
const NOW = Date.parse('2024-01-01T00:10:00Z') * 1000;

/** An archive of one row, `json`; every other id is only referred to. */
function view(json: string): ArchiveView {
  return {
    engine: {
      dialect: 'sqlite',
      version: 0,
      paginate: () => ({ count: 1, rids: new Uint32Array([1]) }),
      ridOf: (_, id) => (id === ID ? 1 : 2),
      isListed: (_, rid) => rid === 1,
      idOf: () => ID,
      accessor: () => () => null,
    },
    reader: {
      json: (_, rids) => rids.map((rid) => (rid === 1 ? json : 'null')),
      documents: () => [],
      kept: notKept,
    },
    now: NOW,
    prefect: null,
  };
}
const ask = (method: string, path: string, body = '') => {
  const archive = view(`{"id":"${ID}","big":12345678901234567890}`);
  return answerApi(archive, { method, path, contentType: 'application/json', body });
};

test('an order by duration is known where the server has it', () => {
  const status = (prefect: string | null) => {
    const body = JSON.stringify({ sort: 'DURATION_DESC' });
    const path = '/api/task_runs/filter';
    return answerApi({ ...view('{}'), prefect }, { method: 'POST', path, contentType: null, body }).status;
  };
  assert.deepEqual([null, '3.8.8', '3.9.0', '3.9.1', '3.10.0'].map(status), [422, 422, 422, 200, 200]);
  const version = (prefect: string | null) =>
    answerApi({ ...view('{}'), prefect }, { method: 'GET', path: '/api/admin/version', contentType: null, body: '' })
      .body;
  assert.deepEqual([null, '3.9.1'].map(version), ['"3.8.8"', '"3.9.1"']);
});

test('what writes is there and closed', () => {
  for (const [method, path] of [
    ['POST', '/api/task_runs/'],
    ['DELETE', `/api/task_runs/${ID}`],
    ['PATCH', `/api/flow_runs/${ID}`],
    ['POST', `/api/flow_runs/${ID}/set_state`],
    ['POST', `/api/deployments/${ID}/create_flow_run`],
    ['POST', '/api/flow_runs/bulk_delete'],
  ] as const)
    assert.deepEqual(ask(method, path), { status: 405, body: '{"detail":"Method Not Allowed"}' }, path);
});

test('queries and a closing slash in a path do not matter', () => {
  assert.equal(ask('POST', '/api/flows/count/?x=1').body, '1');
  assert.equal(ask('GET', `/api/flows/${ID}/?x=/`).status, 200);
});

test('a row that is only referred to is not found', () => {
  assert.deepEqual(ask('GET', '/api/flows/00000000-0000-0000-0000-000000000000'), {
    status: 404,
    body: '{"detail":"Flow not found"}',
  });
});

test('rows are given back as they were received', () => {
  assert.equal(ask('GET', `/api/flows/${ID}`).body, `{"id":"${ID}","big":12345678901234567890}`);
  assert.equal(ask('POST', '/api/flows/filter').body, `[{"id":"${ID}","big":12345678901234567890}]`);
});

/** A flow run in a queue, and what is kept of queue and pool; `gone` in µs, null: the server has it. */
type Pooled = {
  run: number | null;
  queue: number | null | 'let go' | 'never read';
  pool: number | null | 'never read';
};
function inPool({ run, queue, pool }: Pooled, filters: object): boolean {
  const kept = (id: string, gone: number | null, value: object) => ({
    id,
    name: id,
    gone,
    json: JSON.stringify({ id, name: id, ...value }),
  });
  const row = {
    work_queue_id: 'q',
    work_queue_name: 'old q',
    work_pool_id: 'p',
    work_pool_name: 'old p',
    parameters: {},
  };
  const archive = view(JSON.stringify(row));
  archive.engine.accessor = () => () => run;
  archive.reader.documents = (kind) => {
    if (kind === 'work_pool') return pool === 'never read' ? [] : [kept('p', pool, { type: 'process' })];
    if (queue === 'never read') return [];
    if (queue === 'let go') return [{ id: 'q', name: 'q', gone: 1, json: null }];
    return [kept('q', queue, { work_pool_id: 'p', work_pool_name: 'old p' })];
  };
  const body = JSON.stringify(filters);
  const reply = answerApi(archive, { method: 'POST', path: '/api/flow_runs/count', contentType: null, body });
  assert.equal(reply.status, 200);
  return reply.body === '1';
}

test('names and types are those of the pool and queue that are kept', () => {
  const there: Pooled = { run: null, queue: null, pool: null };
  assert.ok(inPool(there, { work_pools: { type: { any_: ['process'] } } }));
  assert.ok(!inPool(there, { work_pools: { type: { any_: ['docker'] } } }));
  assert.ok(inPool(there, { work_pools: { name: { any_: ['p'] } }, work_pool_queues: { name: { any_: ['q'] } } }));
  assert.ok(!inPool(there, { work_pools: { name: { any_: ['old p'] } } }));
  assert.ok(!inPool(there, { work_pool_queues: { name: { any_: ['old q'] } } }));
});

test('a queue named elsewhere in a row is not the row’s, and a commit is seen', () => {
  const counted = (archive: ArchiveView) =>
    answerApi(archive, {
      method: 'POST',
      path: '/api/flow_runs/count',
      contentType: null,
      body: '{"work_pool_queues":{"id":{"any_":["01a20aea-6dc4-7b34-82a2-1b1505be9768"]}}}',
    }).body;
  const inside = `{"parameters":{"work_queue_id":"${ID}"},"name":"\\"work_queue_id\\":","work_queue_id":null}`;
  assert.equal(counted(view(inside)), '0');
  const archive = view(inside);
  assert.equal(counted(archive), '0');
  archive.reader.json = () => [`{"work_queue_id":"${ID}"}`];
  archive.engine.version = 1;
  assert.equal(counted(archive), '1');
});

test('where pools could not be read the row is believed, and its type is unknown', () => {
  const unread: Pooled = { run: null, queue: 'never read', pool: 'never read' };
  assert.ok(inPool(unread, { work_pools: { name: { any_: ['old p'] } } }));
  assert.ok(inPool(unread, { work_pool_queues: { name: { startswith_: ['OLD'] } } }));
  assert.ok(!inPool(unread, { work_pools: { type: { any_: ['process'] } } }));
  assert.ok(inPool({ ...unread, pool: null }, { work_pools: { type: { any_: ['process'] } } }), 'the pool by its id');
});

test('a run that is there is in no queue that is gone; a run that is gone is in the queue it was in', () => {
  const gone = fc.constantFrom(null, 5);
  fc.assert(
    fc.property(gone, gone, gone, (run, queue, pool) => {
      const inQueue = run !== null || queue === null;
      assert.equal(inPool({ run, queue, pool }, { work_pool_queues: {} }), inQueue);
      assert.equal(inPool({ run, queue, pool }, { work_pools: {} }), inQueue && (run !== null || pool === null));
    }),
  );
  for (const run of [null, 5]) assert.ok(!inPool({ run, queue: 'let go', pool: null }, { work_pools: {} }));
});

test('only outermost keys are touched', () => {
  const text = '{"a\\"b": {"x":"}"}, "labels":{"x":1}, "x":[1,{"x":"]"}], "x2":-1.5e3 }';
  const spans = memberSpans(text);
  assert.deepEqual(
    [...spans].map(([key, span]) => [key, text.slice(...span)]),
    [
      ['a"b', '{"x":"}"}'],
      ['labels', '{"x":1}'],
      ['x', '[1,{"x":"]"}]'],
      ['x2', '-1.5e3'],
    ],
  );
});

test('values are cut from rows of any kind as they stand there', () => {
  const [known, other] = [
    ['id', 'tags', 'state', 'end_time'],
    ['y', 'id2', 'tag', 'labels', 'a"b'],
  ];
  const key = fc.oneof(fc.constantFrom(...known, ...other), fc.string({ unit: 'binary' }));
  const json = fc.oneof(
    fc.json({ stringUnit: 'binary' }),
    fc.constantFrom('"\\\\"', '"}"', '-1.5e3', '[{"x":"]\\""}]', '"\\\\\\""', '{}', '[[]]'),
    fc.string({ maxLength: 60 }).map((text) => JSON.stringify({ text: [text, { text }] })),
  );
  const space = fc.constantFrom('', ' ', '\n');
  const row = fc
    .array(fc.tuple(key, json, space, space), { maxLength: 8 })
    .map((members) => `{${members.map(([k, v, a, b]) => `${a}${JSON.stringify(k)}${b}:${a}${v}${b}`).join(',')}}`);
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      for (const text of rows) {
        const page = pageRow(text, NOW);
        const parsed = JSON.parse(page) as Record<string, unknown>;
        const read = JSON.parse(text) as Record<string, unknown>;
        for (const name of known) assert.deepEqual(parsed[name], Object.hasOwn(read, name) ? read[name] : null);
        const span = memberSpans(text).get('state');
        if (span) assert.ok(page.includes(`"state":${text.slice(...span)},`));
        assert.equal(wholeRow(text, NOW), text);
      }
    }),
    { numRuns: 500 },
  );
});

test('the two estimates are put in wherever they stand', () => {
  const long = `{"estimated_start_time_delta":7,"pad":"${'é'.repeat(200_000)}","total_run_time":1.50,"estimated_run_time" : 8}`;
  const short = '{"x":1,"estimated_run_time":8,"total_run_time":2e0}';
  const wanted = [long.replace(':7', ':0.0').replace(': 8', ': 1.50'), short.replace(':8', ':2e0')];
  assert.deepEqual([wholeRow(long, NOW), wholeRow(short, NOW)], wanted);
});

test('estimates are of the time of the answer', () => {
  const run = (fields: object) =>
    JSON.stringify({ estimated_run_time: 9, estimated_start_time_delta: 9, total_run_time: 1.5, ...fields });
  const estimates = (fields: object) => {
    const read = JSON.parse(wholeRow(run(fields), NOW)) as Record<string, number>;
    return [read.estimated_run_time, read.estimated_start_time_delta];
  };
  const [expected, started] = ['2024-01-01T00:00:00Z', '2024-01-01T00:00:02.500001Z'];
  const running = { state_type: 'RUNNING', state: { timestamp: '2024-01-01T00:09:00Z' } };
  assert.deepEqual(estimates({ ...running, expected_start_time: expected, start_time: started }), [61.5, 2.500001]);
  assert.deepEqual(estimates({ state_type: 'COMPLETED', expected_start_time: expected, start_time: null }), [1.5, 0]);
  assert.deepEqual(estimates({ state_type: 'PENDING', expected_start_time: expected, start_time: null }), [1.5, 600]);
  assert.deepEqual(estimates({ state_type: null, expected_start_time: null, start_time: started }), [1.5, 0]);
  assert.deepEqual(estimates({ state_type: null, expected_start_time: '2031-01-01T00:00:00Z' }), [1.5, 0]);
});

test('a page gives fewer fields of a task run, in the order of the server', () => {
  const thin = pageRow('{"dynamic_key":"0","tags":["b", "a"],"id":"x","total_run_time":12345678901234567890}', NOW);
  assert.equal(
    thin,
    '{"id":"x","created":null,"updated":null,"name":null,"flow_run_id":null,"task_key":null,"state_id":null,' +
      '"state":null,"task_version":null,"task_inputs":null,"empirical_policy":null,"tags":["b", "a"],"start_time":null,' +
      '"end_time":null,"total_run_time":12345678901234567890,"estimated_run_time":12345678901234567890,' +
      '"estimated_start_time_delta":0.0}',
  );
});

test('a queue name is matched in linear time, whatever the wildcards', () => {
  const archive = view(`{"work_queue_id":"q","work_pool_id":"p"}`);
  const queue = { id: 'q', name: 'e'.repeat(5000), gone: null, json: '{"work_pool_id":"p"}' };
  archive.reader.documents = (kind) => (kind === 'work_queue' ? [queue] : []);
  const counted = (start: string) => {
    const body = JSON.stringify({ work_pool_queues: { name: { startswith_: [start] } } });
    return answerApi(archive, { method: 'POST', path: '/api/flow_runs/count', contentType: null, body }).body;
  };
  assert.equal(counted(`${'%e'.repeat(40)}%z`), '0');
  assert.equal(counted(`${'%e_'.repeat(40)}%E`), '1');
});
