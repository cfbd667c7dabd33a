import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../src-main/contract/errors.ts';
import { makeDictionary } from '../../src-main/store/json/dictionary.ts';
import { encodeRows, type Batch } from '../../src-main/store/write/encode.ts';
import { layouts } from '../../src-main/store/layout.ts';
import { packRids, unpackRids } from '../../src-main/store/write/rid-list.ts';
import { dictionaryOf, packRow, rowText, type Dictionary } from '../../src-main/store/json/row-json.ts';
import { uuidBytes, uuidText } from '../../src-main/store/uuid.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import '../fixtures/ci-seed.ts';

const A = '01a2b3c4-d5e6-7f89-8abc-def012345678';
const B = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
const one = (value: Record<string, unknown>, json = JSON.stringify(value)) => ({ json, value });

function texts({ json, jsonEnds }: Batch): string[] {
  return jsonEnds.map((end, i) => Buffer.from(json.subarray(jsonEnds[i - 1] ?? 0, end)).toString('utf8'));
}

const dictionaryFor = (rows: readonly { json: string }[]): Dictionary =>
  makeDictionary(rows.map(({ json }) => Buffer.from(json)));

function columnOf(batch: Batch, name: string) {
  const column = layouts[batch.entity].columns.find((one) => one.name === name);
  return column ?? assert.fail(name);
}
const number = (batch: Batch, name: string, row = 0) =>
  batch.numbers[row * layouts[batch.entity].numbers + columnOf(batch, name).slot];
/** Of the first row. */
const textOf = (batch: Batch, name: string) => batch.texts[columnOf(batch, name).slot];
const term = (batch: Batch, name: string, row = 0) => batch.terms[number(batch, name, row)];

test('the text of 203 believable rows comes back byte for byte, with a dictionary and without', () => {
  const rows = [...taskRuns(1, { rows: 203, flowRuns: 9 })];
  const sent = rows.map(({ json }) => json);
  const batch = encodeRows('task_run', rows);
  assert.equal(batch.rows, 203);
  assert.deepEqual(texts(batch), sent);
  assert.equal(batch.json.buffer.byteLength, batch.json.length, 'posting it must not drag a larger buffer along');
  const plain = sent.map((json) => packRow(Buffer.from(json), null));
  assert.deepEqual(
    plain.map((z) => rowText(z, () => assert.fail('it needs none'))),
    sent,
  );
  const dictionary = dictionaryFor([...taskRuns(2, { rows: 200, flowRuns: 9 })]);
  const dense = sent.map((json) => packRow(Buffer.from(json), dictionary));
  assert.deepEqual(
    dense.map((z) => rowText(z, () => dictionary)),
    sent,
  );
  assert.ok(dense.every((z) => dictionaryOf(z) === dictionary.adler));
  const bytes = (list: readonly Buffer[]) => list.reduce((sum, z) => sum + z.length, 0);
  assert.ok(bytes(dense) < batch.json.length / 5, `${bytes(dense)} of ${batch.json.length}`);
  assert.ok(bytes(dense) < bytes(plain) * 0.6, `${bytes(dense)} instead of ${bytes(plain)}`);
  const another = dictionaryFor([...taskRuns(9, { rows: 5, flowRuns: 1 })]);
  assert.throws(() => dense.map((z) => rowText(z, () => another)));
});

test('any JSON text comes back byte for byte', () => {
  fc.assert(
    fc.property(fc.array(fc.json({ stringUnit: 'binary' }), { maxLength: 60 }), (values) => {
      const rows = values.map((json, i) => {
        const id = uuidText(Uint8Array.from({ length: 16 }, (_, k) => (k === 15 ? i : 1)));
        const text = `{ "x": ${json},\n"id" : "${id}"}`;
        return { json: text, value: JSON.parse(text) as Record<string, unknown> };
      });
      const sent = rows.map(({ json }) => json);
      assert.deepEqual(texts(encodeRows('flow', rows)), sent);
      if (rows.length < 2) return;
      const dictionary = dictionaryFor(rows.slice(1));
      const packed = sent.map((json) => packRow(Buffer.from(json), dictionary));
      assert.deepEqual(
        packed.map((z) => rowText(z, () => dictionary)),
        sent,
      );
    }),
    { numRuns: 50 },
  );
});

test('columns: times in µs, parents by id, tags as a list, numbers as they are', () => {
  const batch = encodeRows('task_run', [
    one({
      id: A.toUpperCase(),
      name: 'load-abc',
      flow_run_id: B.toUpperCase(),
      tags: ['b', 'a', 'a'],
      state_type: 'FAILED',
      state_name: 'Failed',
      start_time: '2026-11-23T08:00:00.000001Z',
      end_time: '2026-11-23T08:00:00Z',
      run_count: 2,
      total_run_time: 1.5,
    }),
  ]);
  assert.equal(uuidText(batch.ids), A);
  assert.equal(textOf(batch, 'name'), 'load-abc');
  assert.deepEqual(batch.refs, { flow_run: [B] });
  assert.equal(number(batch, 'flow_run'), 0);
  assert.equal(term(batch, 'tags'), '["b","a","a"]');
  assert.equal(number(batch, 'start_time') - number(batch, 'end_time'), 1);
  assert.equal(number(batch, 'run_count'), 2);
  assert.equal(number(batch, 'total_run_time'), 1.5);
  assert.ok(Number.isNaN(number(batch, 'expected_start_time')));
});

test('state type and name are derived from the state when an older server or the paginate reply leaves them out', () => {
  const state = { type: 'A_TYPE_FROM_THE_FUTURE', name: 'Later', timestamp: '2026-01-01T00:00:00Z' };
  const batch = encodeRows('task_run', [one({ id: A, state })]);
  assert.equal(term(batch, 'state_type'), 'A_TYPE_FROM_THE_FUTURE');
  assert.equal(term(batch, 'state_name'), 'Later');
  assert.equal(number(batch, 'state_timestamp'), Date.UTC(2026, 0, 1) * 1000);
});

test('fields of an unexpected type are null in their columns and whole in the text', () => {
  const row = one({
    id: A,
    name: 7,
    tags: 'x',
    state: 'RUNNING',
    run_count: 1.5,
    total_run_time: 'long',
    start_time: 'yesterday',
    flow_run_id: 'not-a-uuid',
  });
  const batch = encodeRows('task_run', [row]);
  assert.ok(batch.numbers.every(Number.isNaN));
  assert.ok(batch.texts.every((one) => one === null));
  assert.deepEqual(texts(batch), [row.json]);
});

test('a creator: id, type and that there is one', () => {
  const batch = encodeRows('flow_run', [
    one({ id: A, created_by: { id: B, type: 'DEPLOYMENT' } }),
    one({ id: B, created_by: null }),
  ]);
  assert.equal(term(batch, 'created_by_id'), B);
  assert.equal(term(batch, 'created_by_type'), 'DEPLOYMENT');
  assert.equal(number(batch, 'created_by'), 1);
  assert.ok(Number.isNaN(number(batch, 'created_by', 1)));
});

test('a row without a UUID is a bad reply', () => {
  for (const value of [{}, { id: 5 }, { id: 'x' }, [], null, 'x', { id: 'g'.repeat(36) }]) {
    assert.throws(
      () => encodeRows('flow', [{ json: JSON.stringify(value), value: value as Record<string, unknown> }]),
      (thrown: unknown) => thrown instanceof AppError && thrown.code === 'SERVER_BAD_REPLY',
    );
  }
});

test('a row that comes twice in a page is taken as it was last', () => {
  const batch = encodeRows('flow', [
    one({ id: A, name: 'old' }),
    one({ id: B, name: 'other' }),
    one({ id: A, name: 'new' }),
  ]);
  assert.equal(batch.rows, 2);
  assert.deepEqual(batch.texts, ['other', 'new']);
});

test('the hash ignores what the server computes anew for every answer, and nothing else', () => {
  const hash = (value: Record<string, unknown>, json?: string) => encodeRows('task_run', [one(value, json)]).hashes[0];
  const row = { id: A, name: 'é', estimated_run_time: 1.25, x: 'y', estimated_start_time_delta: 3 };
  assert.equal(hash(row), hash({ ...row, estimated_run_time: 2, estimated_start_time_delta: 1e-7 }));
  assert.notEqual(hash(row), hash({ ...row, x: 'z' }));
  const plain = { id: A, estimated_run_time: 1, inputs: 'é' };
  assert.equal(hash(plain), hash({ ...plain, estimated_run_time: 123.456 }));
  assert.notEqual(hash(plain), hash({ ...plain, inputs: 'e' }));
  // the same name inside a parameter is the person's own value
  const nested = { id: A, estimated_run_time: 1, parameters: { estimated_run_time: 5 } };
  assert.equal(hash(nested), hash({ ...nested, estimated_run_time: 2 }));
  assert.notEqual(hash(nested), hash({ ...nested, parameters: { estimated_run_time: 6 } }));
  // and inside a string it is not a field
  const quoted = { id: A, estimated_run_time: 1, message: '"estimated_run_time":1,' };
  assert.notEqual(hash(quoted), hash({ ...quoted, message: '"estimated_run_time":2,' }));
});

test('row lists come back, up to numbers beyond 32 bits', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 ** 45 })), (rids) => assert.deepEqual(unpackRids(packRids(rids)), rids)),
  );
  assert.equal(packRids([1, 2, 3, 4]).length, 4);
});

test('UUIDs come back; what is not one is refused', () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      const bytes = uuidBytes(id);
      assert.ok(bytes);
      assert.equal(uuidText(bytes), id);
      assert.deepEqual(uuidBytes(id.replaceAll('-', '')), bytes);
    }),
  );
  for (const bad of ['', 'x', A.slice(1), `${A}0`, A.replace('a', 'g'), A.replace('-', '0'), '\u0131'.repeat(32)]) {
    assert.equal(uuidBytes(bad), null, bad);
  }
});
