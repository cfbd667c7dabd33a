import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { makeDictionary } from '../../src-main/store/json/dictionary.ts';
import { dictionaryOf, openRow, packRow } from '../../src-main/store/json/row-json.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import '../fixtures/ci-seed.ts';

const bytesOf = (rows: Iterable<{ json: string }>) => Array.from(rows, ({ json }) => Buffer.from(json));
const believable = bytesOf(taskRuns(1, { rows: 200, flowRuns: 9 }));
const dictionary = makeDictionary(believable);
const find = () => dictionary;
const none = () => assert.fail('no dictionary is needed');
const damaged = { code: 'ARCHIVE_DAMAGED' };

/** Bytes like those of rows: pieces of some, repeated, with noise between. */
const rowLike = fc
  .array(
    fc.oneof(
      fc
        .tuple(fc.nat(believable.length - 1), fc.nat(2000), fc.nat(400))
        .map(([row, from, size]) => believable[row].subarray(from, from + size)),
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat(255), fc.nat(9000)).map(([byte, size]) => Buffer.alloc(size, byte)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

test('any bytes come back, whatever the dictionary was made of, and by zlib alone', () => {
  fc.assert(
    fc.property(rowLike, fc.array(rowLike, { minLength: 1, maxLength: 6 }), (row, learnt) => {
      assert.deepEqual(openRow(packRow(row, null), none), row);
      for (const against of [dictionary, makeDictionary(learnt)]) {
        const z = packRow(row, against);
        assert.deepEqual(
          openRow(z, () => against),
          row,
        );
        assert.deepEqual(inflateSync(z, { dictionary: against.bytes }), row);
      }
    }),
    { numRuns: 300 },
  );
});

test('rows of every length, of several dictionaries in turns, and after a damaged one', () => {
  const other = makeDictionary(believable.slice(0, 3));
  for (const length of [0, 1, 100, 65_535, 65_536, 65_537, 200_000])
    for (const [against, known] of [
      [dictionary, find],
      [other, () => other],
      [null, none],
    ] as const) {
      // prettier-ignore
      const row = Buffer.from('x'.repeat(length));
      const z = packRow(row, against);
      const first = openRow(z, known);
      assert.throws(() => openRow(z.subarray(0, -1), known), damaged);
      assert.deepEqual(openRow(z, known), row);
      assert.deepEqual(first, row, 'the bytes are the caller’s');
    }
  assert.throws(() => openRow(packRow(believable[0], dictionary), () => other), damaged);
});

test('a stream names its dictionary; a row of more than 16 KiB is a plain one', () => {
  assert.equal(dictionaryOf(packRow(believable[5], dictionary)), dictionary.adler);
  assert.equal(dictionaryOf(packRow(believable[5], null)), null);
  const long = Buffer.concat(believable.slice(0, 20));
  assert.ok(long.length > 16 * 1024);
  assert.equal(dictionaryOf(packRow(long, dictionary)), null);
  assert.deepEqual(openRow(packRow(long, dictionary), none), long);
});

test('damaged bits are found', () => {
  fc.assert(
    fc.property(
      fc.nat(believable.length - 1),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(300)),
      (row, flips, cut) => {
        const sound = packRow(believable[row], dictionary);
        const z = Buffer.from(sound.subarray(0, cut ?? sound.length));
        for (const [at, flip] of flips) if (z.length > 0) z[at % z.length] ^= flip;
        if (z.equals(sound)) return;
        let opened: Buffer;
        try {
          opened = openRow(z, find);
        } catch (thrown) {
          assert.equal((thrown as { code?: string }).code, damaged.code);
          return;
        }
        // some bits of the header, and those that pad the last byte, say nothing about the text
        assert.deepEqual(opened, believable[row]);
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (z) => assert.throws(() => openRow(z, find), damaged)),
    { numRuns: 500 },
  );
});

test('another dictionary than the row’s own is damage', () => {
  const other = makeDictionary(bytesOf(taskRuns(9, { rows: 5, flowRuns: 1 })));
  assert.throws(() => openRow(packRow(believable[0], dictionary), () => other), damaged);
});

test('a stream that claims to hold more than any row is damage, and is not held in memory', () => {
  const bomb = deflateSync(Buffer.alloc(2 ** 28 + 1));
  assert.ok(bomb.length < 300_000);
  assert.throws(() => openRow(bomb, none), damaged);
});

test('a dictionary is a typical row without the ids that few rows have', () => {
  const shared = '0198c0de-0000-7000-8000-0123456789ab';
  const withShared = believable.map((row, i) => {
    const value = JSON.parse(row.toString('utf8')) as Record<string, unknown>;
    return Buffer.from(JSON.stringify({ ...value, name: `große Zahl ${i}`, queue: shared }));
  });
  const bytes = Buffer.from(makeDictionary(withShared).bytes);
  const median = withShared.map(({ length }) => length).sort((a, b) => a - b)[withShared.length >> 1];
  assert.ok(bytes.length < median, 'one row, and no whole one');
  assert.ok(bytes.includes(shared));
  assert.ok(bytes.includes('große Zahl'));
  const { id } = JSON.parse(believable[0].toString('utf8')) as { id: string };
  assert.ok(!Buffer.from(makeDictionary(believable.slice(0, 1)).bytes).includes(id));
});

test('a dictionary serves each kind of row that one of ten is of, and no row that is one of its kind', () => {
  const kinds = ['pad', 'other'].map((key) =>
    believable.map((_, i) =>
      Buffer.from(JSON.stringify({ [key]: i, list: Array.from({ length: 99 }, (_, n) => `${key} ${n * n}`) })),
    ),
  );
  const mixed = believable.map((row, i) => (i % 10 < 2 ? kinds[i % 10][i] : row));
  const dictionary = makeDictionary(mixed);
  for (const rows of [believable, ...kinds]) {
    const own = makeDictionary(rows);
    const [row] = rows.slice(-1);
    assert.ok(packRow(row, dictionary).length <= 1.3 * packRow(row, own).length);
  }
  const odd = Buffer.from(JSON.stringify({ id: 1, odd: Array.from({ length: 300 }, (_, i) => (i * 7919) % 1000) }));
  assert.ok(!Buffer.from(makeDictionary(believable.with(0, odd)).bytes).includes(odd.subarray(0, 99)));
  assert.ok(dictionary.bytes.length <= 4 * 4096);
});
