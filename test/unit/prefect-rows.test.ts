import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { computedKeys } from '../../src-main/contract/fields.ts';
import { parseTime } from '../../src-main/contract/time.ts';
import { readRows } from '../../src-main/prefect/rows.ts';
import { scanRows } from '../../src-main/prefect/scan.ts';
import { keys } from '../../src-main/prefect/scanner/keys.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { uuidBytes, uuidText } from '../../src-main/store/uuid.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import '../fixtures/ci-seed.ts';

const space = fc.constantFrom('', '', ' ', '\n', '\t\r');
const names = [
  'id',
  'state',
  'tags',
  'created_by',
  'created_by_i',
  'created',
  'expected_start_time',
  'run_count',
  'paused',
];
const key = fc.oneof(
  fc.constantFrom(...names, 'type', 'name', 'timestamp', ...computedKeys, '__proto__', 'toString'),
  fc.string({ unit: 'binary' }),
);
const id = fc.tuple(fc.uuid(), fc.constantFrom('', '-'), fc.boolean(), fc.nat(60)).map(([text, dash, upper, at]) => {
  const spelt = text.replaceAll('-', dash);
  const cased = upper ? spelt.toUpperCase() : spelt;
  return at < cased.length ? `${cased.slice(0, at)}g${cased.slice(at + (at % 3))}` : cased;
});
const time = fc
  .tuple(
    fc.date({ noInvalidDate: false }),
    fc.nat(99),
    fc.nat(30),
    fc.constantFrom('Z', '.000001Z', '.999999Z', '+02:00'),
  )
  .map(([date, day, at, end]) => {
    const text = `${Number.isNaN(date.getTime()) ? '2024-02-28T23:59:59' : date.toISOString().slice(0, -5)}${end}`;
    const other = text.replace(/-\d\dT/, `-${String(day % 34).padStart(2, '0')}T`);
    return day < 60 || at >= other.length ? other : `${other.slice(0, at)}${'x:3'[day % 3]}${other.slice(at + 1)}`;
  });
const plainLeaf = fc.oneof(
  fc.json({ stringUnit: 'binary' }),
  id.map((text) => JSON.stringify(text)),
  time.map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"\\u00e9\\ud83d"',
    '"\\/\\b"',
    '-0',
    '0',
    '123456789',
    '1234567890',
    '0.5e-7',
    '1E+400',
    '12345678901234567890',
    '{"type":"a","name":{}}',
    '[[]]',
    '["a","é"]',
    '["a","b"]',
  ),
);
const member = (value: fc.Arbitrary<string>) => fc.tuple(key, value, space, space);
type Member = [key: string, value: string, before: string, after: string];
const objectOf = (members: Member[]) =>
  `{${members.map(([k, v, c, d]) => `${c}${JSON.stringify(k)}${d}:${c}${v}${d}`).join(',')}}`;
const leaf = fc.oneof(
  { weight: 4, arbitrary: plainLeaf },
  { weight: 1, arbitrary: fc.array(member(plainLeaf), { maxLength: 4 }).map(objectOf) },
);
const rowOf = fc.array(member(leaf), { maxLength: 6 });
/** A page of rows, spaces and repeated keys included; some rows have the members of another, in its order or without some. */
const pageOf = fc
  .tuple(fc.array(rowOf, { maxLength: 5 }), fc.array(fc.tuple(fc.nat(4), fc.nat(63)), { maxLength: 5 }), space, space)
  .map(([made, again, a, b]) => {
    const rows = [
      ...made,
      ...again.map(([i, without]) => (made[i] ?? []).filter((_, at) => ((without >> at) & 1) === 0)),
    ];
    const texts = rows.map(objectOf);
    return { page: `${a}[${b}${texts.join(`${a},${b}`)}${a}]${b}`, texts, rows };
  });

const scalarOf = (value: unknown) => (value !== null && typeof value === 'object' ? undefined : value);
const stored = (value: unknown) => (typeof value === 'string' ? (parseTime(value) ?? NaN) : NaN);

test('a page is cut into its rows, and what is kept of their values is what JSON.parse gives', () => {
  fc.assert(
    fc.property(pageOf, ({ page, texts, rows: made }) => {
      const bytes = Buffer.from(page);
      const rows = scanRows(bytes);
      assert.ok(rows, 'plain pages are not left to JSON.parse');
      assert.deepEqual(
        rows.map(({ json }) => json),
        texts.map((text) => Buffer.from(text).toString()),
      );
      rows.forEach((row, i) => {
        const parsed = JSON.parse(row.json) as Record<string, unknown>;
        for (const { name, inside, time } of keys) {
          const it = Object.hasOwn(parsed, name) ? parsed[name] : undefined;
          const told = row.value[name];
          if (inside.length > 0 && it !== null && typeof it === 'object' && !Array.isArray(it))
            for (const inner of inside) {
              const own: unknown = Object.hasOwn(it, inner.name)
                ? (it as Record<string, unknown>)[inner.name]
                : undefined;
              assert.deepEqual((told as Record<string, unknown>)[inner.name], scalarOf(own));
              if (inner.time >= 0) assert.equal(row.time(`${name}_${inner.name}`), stored(own));
            }
          else assert.deepEqual(told, name === 'tags' ? it : scalarOf(it), name);
          if (time >= 0) assert.equal(row.time(name), stored(it));
        }
        assert.equal(row.value['toString'], Object.prototype.toString);
        const uuid = typeof parsed.id === 'string' ? uuidBytes(parsed.id) : null;
        assert.equal(row.isUuid, uuid !== null);
        assert.equal(row.isCanonical, uuid !== null && uuidText(uuid) === parsed.id);
        const written = new Uint8Array(17);
        if (uuid) row.writeUuid(written, 1);
        assert.deepEqual(written.subarray(1), uuid ?? new Uint8Array(16));
        const { computed } = row;
        const numbers = made[i].filter(([k, v]) => /^[-\d]/.test(v) && (computedKeys as readonly string[]).includes(k));
        assert.deepEqual(
          numbers.map((_, n) => row.bytes.toString('latin1', computed[n * 2], computed[n * 2 + 1])),
          numbers.map(([, v]) => v.trimEnd()),
        );
        assert.equal(computed.length, numbers.length * 2);
      });
    }),
    { numRuns: 1500 },
  );
});

test('a string is read wherever in it something is special', () => {
  for (let length = 0; length < 40; length++)
    for (let at = 0; at <= length; at++)
      for (const special of ['', '"', '\\', '\n', 'é', '\u007f', '\ud83d\ude00']) {
        const text = `${'a'.repeat(at)}${special}${'b'.repeat(length - at)}`;
        const row = JSON.stringify({ [text]: text, name: text, task_key: text, tags: [text] });
        const [first, second] = scanRows(Buffer.from(`[${row},${row}]`)) ?? [];
        for (const { json, value } of [first, second]) {
          assert.equal(json, row);
          assert.deepEqual([value.name, value.task_key, value.tags], [text, text, [text]]);
        }
        const raw = Buffer.from(`[{"name":"${'a'.repeat(at)}\u001f${'b'.repeat(length - at)}"}]`);
        assert.equal(scanRows(raw), null);
      }
});

test('rows with more keys than are remembered, pages longer than the memory, and more rows than were reckoned with', () => {
  const many = JSON.stringify(
    Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`a_key_that_is_long_${i}`, i])),
  );
  const wide = `[${many},{"name":"x","run_count":7},${many}]`;
  assert.deepEqual(
    scanRows(Buffer.from(wide))?.map(({ json, value }) => [json.length, value.run_count]),
    [
      [many.length, undefined],
      [26, 7],
      [many.length, undefined],
    ],
  );
  const short = Buffer.from(`[${'{},'.repeat(20_000)}{"name":"last"}]`);
  assert.equal(scanRows(short)?.length, 20_001);
  assert.equal(scanRows(short)?.at(-1)?.value.name, 'last');
  const long = 'x'.repeat(17 * 2 ** 20);
  for (const name of [long, 'short', long])
    assert.equal(scanRows(Buffer.from(JSON.stringify([{ name }])))?.[0].value.name, name);
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
