import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { computedKeys } from '../../src-main/contract/fields.ts';
import { elementsOf, parseReply, timeOf } from '../../src-main/prefect/rows.ts';
import '../fixtures/ci-seed.ts';
import { open, server, useServer } from '../fixtures/client-harness.ts';

useServer();

const ID = '00000000-0000-4000-8000-000000000000';
const space = fc.constantFrom('', '', ' ', '\n', '\t\r');
const key = fc.oneof(
  fc.constantFrom('state', 'tags', 'name', 'run_count', ...computedKeys, '__proto__', 'toString'),
  fc.string({ unit: 'binary' }),
);
const leaf = fc.oneof(
  fc.json({ stringUnit: 'binary' }),
  fc.constantFrom(
    '"\\u00e9\\ud83d"',
    '"\\/\\b\\\\"',
    '"]},{\\""',
    '-0',
    '1.50',
    '0.5e-7',
    '1E+400',
    '12345678901234567890',
    '{"type":"a","name":{}}',
    '[[]]',
    '["a","é😀"]',
  ),
);
const rowOf = fc
  .array(fc.tuple(key, leaf, space, space), { maxLength: 6 })
  .map((members) => `{${members.map(([k, v, c, d]) => `${c}${JSON.stringify(k)}${d}:${c}${v}${d}`).join(',')}}`);
/** A page of rows, spaces and repeated keys included. */
const spacedPage = fc
  .tuple(fc.array(rowOf, { maxLength: 6 }), space, space)
  .map(([texts, a, b]) => ({ page: `${a}[${b}${texts.join(`${a},${b}`)}${a}]${b}`, texts }));

/** Rows as a server writes them, without spaces and mostly with the same first key, which may also stand inside them. */
const compactRow = fc
  .tuple(
    fc.constantFrom('"id"', '"id"', '"id"', '"i"', '"\\u0069d"'),
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.json({ stringUnit: 'binary' }) },
        leaf,
        fc.constantFrom('"},{\\"id\\":"', '[{"id":1},{"id":2}]', '[{"x":{}},{"id":[]}]', '"\\\\"', '{"id":{"id":1}}'),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([first, values]) => `{${values.map((value, i) => `${i === 0 ? first : `"k${i}"`}:${value}`).join(',')}}`);
const compactPage = fc.array(compactRow, { maxLength: 6 }).map((texts) => ({ page: `[${texts.join(',')}]`, texts }));
const pageOf = fc.oneof(spacedPage, compactPage);

test('a page is cut into its rows, byte for byte, each with its own value', () => {
  fc.assert(
    fc.property(pageOf, ({ page, texts }) => {
      const bytes = Buffer.from(page);
      const text = bytes.toString('utf8');
      const rows = elementsOf(parseReply(text));
      assert.ok(rows);
      for (const [i, { json, value }] of rows.entries()) {
        assert.ok(Buffer.from(json).equals(Buffer.from(texts[i])));
        assert.deepEqual(value, JSON.parse(json));
      }
      assert.equal(rows.length, texts.length);
    }),
    { numRuns: 1000 },
  );
});

test('whatever JSON.parse takes is cut as it was parsed, wherever a byte is lost, doubled or changed', () => {
  fc.assert(
    fc.property(
      pageOf,
      fc.nat(),
      fc.constantFrom('', '"', '\\', '\n', '\u0001', '0', '-', ',', ':', '}', 'x'),
      ({ page }, at, put) => {
        const i = at % page.length;
        const text = page.slice(0, i) + put + page.slice(i + (at % 2));
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          assert.throws(() => parseReply(text), SyntaxError);
          return;
        }
        const reply = parseReply(text);
        assert.deepEqual(reply.value, parsed);
        const rows = elementsOf(reply);
        assert.deepEqual(rows?.map(({ json }) => JSON.parse(json) as unknown) ?? null, rows && parsed);
        assert.equal(rows === null, !Array.isArray(parsed));
      },
    ),
    { numRuns: 2000 },
  );
  assert.equal(elementsOf(parseReply('{"x":1}')), null);
  assert.deepEqual(elementsOf(parseReply('[1]')), [{ json: '1', value: 1 }]);
  const deep = `[{"a":${'['.repeat(5000)}${']'.repeat(5000)}}]`;
  assert.equal(elementsOf(parseReply(deep))?.length, 1);
});

test('a page keeps its bytes from the socket to the row, and one row that does not fit is named', async () => {
  const odd = `{ "id" : "${ID}","n":1.50, "big":9007199254740993,"é":"\\u00e9 😀","id":"${ID}" , "updated":null}`;
  const plain = `{"id":"${ID}","updated":"2024-02-29T12:00:00.000001Z","state":{"type":"FAILED"}}`;
  const send = (text: string) => {
    server.fault = (_asked, _response, reply) => {
      reply(200, text, { 'content-type': 'application/json' });
      return true;
    };
  };
  send(` [\n${odd} ,\t${plain}]\n`);
  const { rows } = await open().page('task_run', {});
  assert.deepEqual(
    rows.map(({ json }) => json),
    [odd, plain],
  );
  assert.deepEqual(
    rows.map((row) => timeOf(row, 'updated')),
    [NaN, 1_709_208_000_000_001],
  );
  assert.deepEqual(rows[1].value['state'], { type: 'FAILED' }, 'values that no schema checks are there too');
  send(`[${plain},{"id":"${ID}","updated":"soon"}]`);
  const { rows: kept, bad } = await open().page('task_run', {});
  assert.deepEqual([kept.length, bad], [1, [{ id: ID, field: 'updated', why: 'not a time' }]]);
  send(`[{"id":5},{"id":"run-7"},7]`);
  const { bad: odder } = await open().page('task_run', {});
  assert.deepEqual(
    odder.map(({ id, field }) => [id, field]),
    [
      [null, 'id'],
      ['run-7', 'id'],
      [null, 'row'],
    ],
  );
});
