import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRows } from '../../src-main/prefect/rows.ts';
import { scanRows } from '../../src-main/prefect/scan.ts';
import { encodeRows } from '../../src-main/store/encode.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';

const space = fc.constantFrom('', '', ' ', '\n', '\t\r');
const key = fc.oneof(
  fc.constantFrom('id', 'state', 'tags', 'created_by', 'type', 'estimated_run_time', '__proto__', 'toString'),
  fc.string({ unit: 'binary' }),
);
const leaf = fc.oneof(
  fc.json({ stringUnit: 'binary' }),
  fc.constantFrom(
    '"\\u00e9\\ud83d"',
    '"\\/\\b"',
    '-0',
    '0.5e-7',
    '1E+400',
    '12345678901234567890',
    '{"type":"a","name":{}}',
    '[[]]',
  ),
);
/** A page of rows, spaces and repeated keys included */
const pageOf = fc.array(fc.array(fc.tuple(key, leaf, space, space), { maxLength: 6 }), { maxLength: 5 }).chain((rows) =>
  fc.tuple(space, space).map(([a, b]) => {
    const texts = rows.map(
      (members) => `{${members.map(([k, v, c, d]) => `${c}${JSON.stringify(k)}${d}:${c}${v}${d}`).join(',')}}`,
    );
    return { page: `${a}[${b}${texts.join(`${a},${b}`)}${a}]${b}`, texts };
  }),
);

test('a page is cut into its rows, and what is kept of their values is what JSON.parse gives', () => {
  fc.assert(
    fc.property(pageOf, ({ page, texts }) => {
      const bytes = Buffer.from(page);
      const rows = scanRows(bytes);
      assert.ok(rows, 'plain pages are not left to JSON.parse');
      assert.deepEqual(
        rows.map(({ json }) => json),
        texts.map((text) => Buffer.from(text).toString()),
      );
      rows.forEach(({ value, json, computed, bytes: own }) => {
        const parsed = JSON.parse(json) as Record<string, unknown>;
        for (const name of new Set([...Object.keys(parsed), ...Object.keys(value)])) {
          const it = parsed[name];
          if (name === '__proto__') continue;
          if (name === 'tags' || it === null || typeof it !== 'object') {
            if (name !== 'tags' || Array.isArray(it) || typeof it !== 'object') assert.deepEqual(value[name], it, name);
          } else if (name !== 'state' && name !== 'created_by') assert.ok(!Object.hasOwn(value, name), name);
          else
            for (const [inner, told] of Object.entries(value[name] ?? {}))
              assert.deepEqual(told, (it as Record<string, unknown>)[inner]);
        }
        for (let i = 0; i < computed.length; i += 2)
          assert.equal(typeof JSON.parse(own.subarray(computed[i], computed[i + 1]).toString()), 'number');
      });
    }),
    { numRuns: 1000 },
  );
});

test('what JSON.parse refuses is refused, wherever a byte is lost, doubled or changed', () => {
  fc.assert(
    fc.property(
      pageOf,
      fc.nat(),
      fc.constantFrom('', '"', '\\', '\n', '\u0001', '0', '-', ',', ':', '}', 'x'),
      (made, at, put) => {
        const broken = Buffer.from(made.page);
        const i = at % broken.length;
        const page = Buffer.concat([broken.subarray(0, i), Buffer.from(put), broken.subarray(i + (at % 2))]);
        const text = page.toString('utf8');
        if (!Buffer.from(text).equals(page)) return; // not UTF-8: refused before
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          assert.equal(scanRows(page), null, text);
          return;
        }
        const rows = scanRows(page);
        if (rows)
          assert.deepEqual(
            rows.map(({ json }) => JSON.parse(json) as unknown),
            parsed,
          );
      },
    ),
    { numRuns: 2000 },
  );
  for (const text of [
    '',
    '{}',
    '[{}',
    '[{}]]',
    '[1]',
    '[{"a":01}]',
    '[{"a":"\t"}]',
    '[{"a":1,}]',
    '[{a:1}]',
    '["x"]',
    '[{"a":nul}]',
  ])
    assert.equal(scanRows(Buffer.from(text)), null, text);
  assert.equal(readRows(Buffer.from('{"x":1}')), null);
  assert.deepEqual(readRows(Buffer.from('[1]')), [{ json: '1', value: 1 }]);
  const deep = `[{"a":${'['.repeat(5000)}${']'.repeat(5000)}}]`;
  assert.equal(scanRows(Buffer.from(deep)), null, 'left to JSON.parse, which needs no stack');
  assert.equal(readRows(Buffer.from(deep))?.length, 1);
});

test('believable rows become the same columns, hashes and blocks whether scanned or parsed', () => {
  const rows = [...taskRuns(9, { rows: 120, flowRuns: 5 })];
  rows.push(
    ...['é', '\\', '"'].map((name, i) => {
      const value = { ...rows[i].value, id: `0000000${i}-0000-4000-8000-000000000000`, name };
      return { value, json: JSON.stringify(value) };
    }),
  );
  const scanned = scanRows(Buffer.from(`[${rows.map(({ json }) => json).join(',')}]`));
  assert.ok(scanned);
  assert.deepEqual(encodeRows('task_run', scanned), encodeRows('task_run', rows));
});
