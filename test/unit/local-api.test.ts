/** The local API where no server is needed to know the answer; what it answers like Prefect is in test/integration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerApi, type ArchiveView } from '../../src-main/core/local-api/answer.ts';
import { jsonProblem } from '../../src-main/core/local-api/python-json.ts';
import { MemberFinder, topLevel } from '../../src-main/prefect/members.ts';
import { fullRun, paginatedTaskRun } from '../../src-main/core/local-api/run-rows.ts';

const ID = '01a20aea-6dc4-7b34-82a2-1b1505be9768';
const NOW = Date.parse('2024-01-01T00:10:00Z') * 1000;

/** An archive of one row, `json`; every other id is only referred to. */
function view(json: string): ArchiveView {
  return {
    engine: {
      dialect: 'sqlite',
      paginate: () => ({ count: 1, rids: new Uint32Array([1]) }),
      ridOf: (_, id) => (id === ID ? 1 : 2),
      isListed: (_, rid) => rid === 1,
    },
    reader: { json: (_, rids) => rids.map((rid) => (rid === 1 ? json : 'null')) },
    now: NOW,
  };
}
const ask = (method: string, path: string, body = '') =>
  answerApi(view(`{"id":"${ID}","big":12345678901234567890}`), { method, path, contentType: 'application/json', body });

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

test('what the archive does not hold is said', () => {
  const reply = ask('POST', '/api/flow_runs/count', '{"work_pools":{"type":{"any_":["process"]}}}');
  assert.equal(reply.status, 200); // no pool, so the type does not matter
  const row = '{"work_pool_name":"p","work_pool_id":"x"}';
  const asked = { method: 'POST', contentType: null, body: '{"work_pools":{"type":{"any_":["process"]}}}' };
  assert.equal(answerApi(view(row), { ...asked, path: '/api/flow_runs/count' }).status, 501);
});

test('only outermost keys are touched', () => {
  const text = '{"a\\"b": {"x":"}"}, "labels":{"x":1}, "x":[1,{"x":"]"}], "x2":-1.5e3 }';
  const spans = topLevel(text);
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

test('chosen keys are found where the map of all members has them, in rows of any kind one after the other', () => {
  const keys = ['id', 'a"b', 'é', 'none', 'x'];
  const finder = new MemberFinder(keys);
  const key = fc.oneof(fc.constantFrom(...keys, 'y', 'id2'), fc.string({ unit: 'binary' }));
  const json = fc.oneof(
    fc.json({ stringUnit: 'binary' }),
    fc.constantFrom('"\\\\"', '"}"', '-1.5e3', '[{"x":"]\\""}]'),
  );
  const space = fc.constantFrom('', ' ', '\n');
  const row = fc
    .array(fc.tuple(key, json, space, space), { maxLength: 8 })
    .map((members) => `{${members.map(([k, v, a, b]) => `${a}${JSON.stringify(k)}${b}:${a}${v}${b}`).join(',')}}`);
  fc.assert(
    fc.property(row, (text) => {
      const all = topLevel(text);
      const found = finder.find(text);
      const read = JSON.parse(text) as Record<string, unknown>;
      keys.forEach((name, i) => {
        const span = found[i * 2] < 0 ? undefined : [found[i * 2], found[i * 2 + 1]];
        assert.deepEqual(span, all.get(name));
        if (found[i * 2] >= 0) assert.deepEqual(JSON.parse(text.slice(found[i * 2], found[i * 2 + 1])), read[name]);
        else assert.ok(!Object.hasOwn(read, name));
      });
    }),
    { numRuns: 500 },
  );
});

test('estimates are of the time of the answer', () => {
  const run = (fields: object) =>
    JSON.stringify({ estimated_run_time: 9, estimated_start_time_delta: 9, total_run_time: 1.5, ...fields });
  const estimates = (fields: object) => {
    const read = JSON.parse(fullRun(run(fields), NOW)) as Record<string, number>;
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
  const thin = paginatedTaskRun(
    '{"dynamic_key":"0","tags":["b", "a"],"id":"x","total_run_time":12345678901234567890}',
    NOW,
  );
  assert.equal(
    thin,
    '{"id":"x","created":null,"updated":null,"name":null,"flow_run_id":null,"task_key":null,"state_id":null,' +
      '"state":null,"task_version":null,"task_inputs":null,"empirical_policy":null,"tags":["b", "a"],"start_time":null,' +
      '"end_time":null,"total_run_time":12345678901234567890,"estimated_run_time":12345678901234567890,' +
      '"estimated_start_time_delta":0.0}',
  );
});

test("Python's words for what is not JSON", () => {
  const problems: [text: string, message: string | null, position?: number][] = [
    ['{', 'Expecting property name enclosed in double quotes', 1],
    ['{"é": tru}', 'Expecting value', 6],
    ['{"🚀" 1}', "Expecting ':' delimiter", 5],
    ['[1 2]', "Expecting ',' delimiter", 3],
    ['{} {}', 'Extra data', 3],
    ['"abc', 'Unterminated string starting at', 0],
    ['"a\nb"', 'Invalid control character at', 2],
    ['"\\x"', 'Invalid \\escape', 1],
    ['"\\u12"', 'Invalid \\uXXXX escape', 2],
    ['01', 'Extra data', 1],
    ['[NaN, -Infinity]', null],
  ];
  for (const [text, message, position] of problems)
    assert.deepEqual(jsonProblem(text), message === null ? null : { message, position }, text);
});
