/** Artifacts from the reply to what is drawn: all pages, exact values, cut when too large, absent where there are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { readArtifacts } from '../../src-main/prefect/artifacts.ts';
import type { PrefectClient } from '../../src-main/prefect/client.ts';
import { readArtifact } from '../../src-renderer/views/detail/artifacts.ts';

type Asked = { limit: number; offset: number };

/** Answers with a page of these rows, each as its JSON text. */
function client(rows: string[], asked: Asked[] = []): PrefectClient {
  const list: PrefectClient['list'] = (schema, { body }) => {
    const { limit, offset } = body as Asked;
    asked.push({ limit, offset });
    return Promise.resolve(
      rows.slice(offset, offset + limit).map((json) => ({ json, value: schema.parse(JSON.parse(json)) })),
    );
  };
  return { list } as PrefectClient;
}

const row = (id: number, run: string, data: string) =>
  `{"id": "${id}", "data": ${data}, "type": "x", "task_run_id": "${run}", "created": "2026-01-01T00:00:${String(id % 60).padStart(2, '0')}Z"}`;

test('every page is read, each run gets its own, in the order they were made', async () => {
  const rows = Array.from({ length: 23 }, (_, i) => row(40 - i, i % 2 ? 'a' : 'b', String(i)));
  const asked: Asked[] = [];
  const found = await readArtifacts(client(rows, asked), ['a', 'b', 'c'], 10, {});
  assert.deepEqual(
    asked.map(({ offset }) => offset),
    [0, 10, 20],
  );
  assert.deepEqual(
    found.get('a')?.map(({ id }) => Number(id)),
    [19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39],
  );
  assert.equal(found.get('b')?.length, 12);
  assert.deepEqual(found.get('c'), []);
});

test('data is kept as it was sent, and cut when it is too large', async () => {
  const exact = '{"9007199254740993": 9007199254740993, "a" : 1.10}';
  const long = JSON.stringify('é\\"\u0001'.repeat(300_000));
  const found = await readArtifacts(client([row(1, 'a', exact), row(2, 'a', long)]), ['a'], 50, {});
  const [first, second] = found.get('a') ?? [];
  assert.deepEqual([first?.data, first?.truncated], [exact, false]);
  assert.deepEqual([second?.data, second?.truncated], [long.slice(0, 1_000_000), true]);
  const body = readArtifact(second);
  assert.ok(body.kind === 'text' && 'é\\"\u0001'.repeat(300_000).startsWith(body.text) && body.text.length > 300_000);
  const many = Array.from({ length: 20 }, (_, i) => row(i, 'a', `"${'x'.repeat(999_990)}"`));
  const sizes = (await readArtifacts(client(many), ['a'], 50, {})).get('a')?.map(({ data }) => data.length) ?? [];
  assert.equal(sizes.length, 20);
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    16_000_000,
  );
});

test('a server without artifacts has none; one that fails has failed', async () => {
  const failing = (code: AppError['code']) =>
    ({ list: () => Promise.reject(new AppError(code, code)) }) as unknown as PrefectClient;
  for (const code of ['SERVER_NOT_PREFECT', 'SERVER_FORBIDDEN'] as const)
    assert.deepEqual(await readArtifacts(failing(code), ['a'], 9, {}), new Map([['a', []]]));
  await assert.rejects(readArtifacts(failing('SERVER_FAILED'), ['a'], 9, {}), { code: 'SERVER_FAILED' });
});

test('what does not fit its type is shown as what it is', () => {
  const read = (type: string | null, data: string) =>
    readArtifact({ id: '1', key: null, description: null, truncated: false, created: 1, updated: 1, type, data });
  const table = (columns: string[], rows: string[][], left = 0) => ({ kind: 'table', columns, rows, left });
  assert.deepEqual(
    read('table', '[{"a":1},{"b":[2]}]'),
    table(
      ['a', 'b'],
      [
        ['1', ''],
        ['', '[2]'],
      ],
    ),
  );
  assert.deepEqual(read('table', '"[[1,2],[3]]"'), table([], [['1', '2'], ['3']]));
  assert.deepEqual(
    read('table', '{"a":[1,2],"b":["x"]}'),
    table(
      ['a', 'b'],
      [
        ['1', 'x'],
        ['2', ''],
      ],
    ),
  );
  assert.deepEqual(read('table', '"not json"'), { kind: 'text', text: 'not json' });
  assert.deepEqual(read('table', '[1,2]'), { kind: 'json', text: '[1,2]' });
  assert.deepEqual(read('table', '{"a":1}'), { kind: 'json', text: '{"a":1}' });
  const many = read('table', JSON.stringify(Array.from({ length: 205 }, (_, n) => ({ n }))));
  assert.ok(many.kind === 'table' && many.rows.length === 200 && many.left === 5);
  assert.deepEqual(read('progress', '140'), { kind: 'progress', percent: 100 });
  assert.deepEqual(read('progress', '"soon"'), { kind: 'text', text: 'soon' });
  assert.deepEqual(read('markdown', '{"a":1}'), { kind: 'json', text: '{"a":1}' });
  assert.deepEqual(read(null, 'null'), { kind: 'json', text: 'null' });
  assert.deepEqual(read('result', '{"storage_key":"x"}'), { kind: 'json', text: '{"storage_key":"x"}' });
  assert.deepEqual(read('markdown', 'broken {'), { kind: 'text', text: 'broken {' });
});
