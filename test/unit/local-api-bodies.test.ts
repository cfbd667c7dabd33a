/** Bodies that the local API refuses, in Prefect's shape and within bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../src-main/contract/query.ts';
import { answerApi, type ArchiveView } from '../../src-main/local-api/answer.ts';

/** No test here asks for what is kept of single runs. */
const notKept = (): never => {
  throw new Error('nothing is kept');
};

const ID = '01a20aea-6dc4-7b34-82a2-1b1505be9768';

/** The answer of an archive without rows. */
function answer(body: string | Uint8Array, dialect: Dialect = 'sqlite', contentType = 'application/json') {
  const view: ArchiveView = {
    engine: {
      dialect,
      version: 0,
      paginate: () => ({ count: 0, rids: new Uint32Array() }),
      ridOf: () => null,
      isListed: () => false,
      idOf: () => ID,
      accessor: () => () => null,
    },
    reader: { json: () => [], documents: () => [], kept: notKept },
    now: 0,
    prefect: null,
  };
  return answerApi(view, { method: 'POST', path: '/api/task_runs/paginate', contentType, body });
}

type Refusal = { exception_detail: { type: string; loc: (string | number)[] }[] };
/** Type and place of each problem of a refused body. */
function problems(
  body: string | Uint8Array,
  dialect: Dialect = 'sqlite',
): [type: string, ...loc: (string | number)[]][] {
  const reply = answer(body, dialect);
  assert.equal(reply.status, 422, reply.body.slice(0, 200));
  assert.ok(reply.body.length < 50_000, 'a refusal is short');
  return (JSON.parse(reply.body) as Refusal).exception_detail.map(({ type, loc }) => [type, ...loc]);
}
const ids = (any_: unknown[]) => JSON.stringify({ task_runs: { id: { any_ } } });

test('a refusal names 100 problems at most, however many there are', () => {
  const found = problems(ids(Array.from({ length: 150_000 }, (_, i) => String(i))));
  assert.equal(found.length, 100);
  assert.deepEqual(found[99], ['uuid_parsing', 'body', 'task_runs', 'id', 'any_', 99]);
  const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key${i}`, 0]));
  assert.equal(problems(JSON.stringify({ task_runs: keys })).length, 100);
});

test('lists that are too long together are refused before any item of them is looked at', () => {
  const bad = Array.from({ length: 1_500_000 }, () => '0');
  assert.deepEqual(problems(ids(bad)), [['too_long', 'body', 'task_runs', 'id', 'any_']]);
  const half = bad.slice(0, 120_000);
  const two = { task_runs: { id: { any_: half }, name: { any_: half } } };
  assert.deepEqual(problems(JSON.stringify(two)), [['too_long', 'body', 'task_runs', 'name', 'any_']]);
  const nested = `{"x":[${'[],'.repeat(300_000)}[]]}`;
  assert.deepEqual(problems(nested), [['too_long', 'body', 'x']]);
  assert.equal(answer(ids(half.map(() => ID))).status, 200);
});

test('nesting is limited to 400 levels, brackets in texts do not count', () => {
  const deep = (levels: number) => `{"x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  assert.equal(answer(deep(400)).status, 200);
  assert.deepEqual(problems(deep(401)), [['too_deep', 'body']]);
  assert.deepEqual(problems('['.repeat(8_000_000)), [['too_deep', 'body']]);
  const text = JSON.stringify({ x: '[{"\\'.repeat(1000) });
  assert.equal(answer(text).status, 200);
});

test('bytes that are not UTF-8 are 400, unless the body is not read at all', () => {
  for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x22, 0xc3]]) {
    const body = Uint8Array.of(...Buffer.from('{"x":"'), ...bytes, ...Buffer.from('"}'));
    assert.equal(answer(body).status, 400, String(bytes));
    assert.equal(answer(body, 'sqlite', 'text/plain').status, 200);
  }
  const marked = Buffer.from('\ufeff{"limit":1}');
  assert.equal(answer(marked).status, 200);
});

test('what makes the server fail is refused: half of a surrogate pair, NUL on PostgreSQL, times and places out of reach', () => {
  const named = (name: string) => JSON.stringify({ task_runs: { name: { any_: ['x', name] } } });
  const at = ['body', 'task_runs', 'name', 'any_', 1] as const;
  assert.deepEqual(problems(named('\ud83d')), [['string_unicode', ...at]]);
  assert.deepEqual(problems(named('\0'), 'postgres'), [['string_unicode', ...at]]);
  assert.equal(answer(named('\0')).status, 200);
  const time = JSON.stringify({ task_runs: { start_time: { before_: '0001-01-01T00:00:00+05:00' } } });
  assert.deepEqual(problems(time), [['value_error', 'body', 'task_runs', 'start_time', 'before_']]);
  assert.deepEqual(problems(JSON.stringify({ page: 2 ** 60 })), [['less_than', 'body', 'page']]);
});

test('a text that is not JSON, in Prefect’s shape', () => {
  for (const text of ['{', '[1 2]', '{} {}', '"abc', '"a\nb"', '01', '[NaN]', '{"a":1}\u0000'])
    assert.deepEqual(problems(text), [['json_invalid', 'body']]);
  assert.equal(answer('\r\n{}\r\n').status, 200);
});
