import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { code, MOST_ROW, open } from '../../src-main/store/coder/coder.ts';
import { codesOf, lengthsOf, LONGEST, symbolTable } from '../../src-main/store/coder/codes.ts';
import { addressOf, loadDictionary } from '../../src-main/store/coder/dictionary.ts';
import { learn } from '../../src-main/store/coder/learn.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import '../fixtures/ci-seed.ts';

const bytesOf = (rows: Iterable<{ json: string }>) => Array.from(rows, ({ json }) => Buffer.from(json));
const believable = bytesOf(taskRuns(1, { rows: 200, flowRuns: 9 }));
const dictionary = addressOf({ id: 1, bytes: learn(believable) });

/** Bytes like those of rows: pieces of some, repeated, with noise between. */
const rowLike = fc
  .array(
    fc.oneof(
      fc
        .tuple(fc.nat(believable.length - 1), fc.nat(2000), fc.nat(400))
        .map(([row, from, size]) => believable[row].subarray(from, from + size)),
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat(255), fc.nat(3000)).map(([byte, size]) => Buffer.alloc(size, byte)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts).subarray(0, MOST_ROW));

test('any bytes come back, whatever the dictionary was made of', () => {
  fc.assert(
    fc.property(rowLike, fc.array(rowLike, { minLength: 1, maxLength: 6 }), (row, learnt) => {
      for (const against of [dictionary, loadDictionary(learn(learnt))]) {
        const z = Buffer.from(code(row, against));
        const opened = open(z, against);
        assert.deepEqual(opened?.bytes, row);
        assert.equal(
          opened.isAscii,
          row.every((byte) => byte < 0x80),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('damaged bits are found, and never lead out of the memory they may be read into', () => {
  fc.assert(
    fc.property(
      fc.nat(believable.length - 1),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(300)),
      (row, flips, cut) => {
        const sound = Buffer.from(code(believable[row], dictionary));
        const z = Buffer.from(sound.subarray(0, cut ?? sound.length));
        for (const [at, flip] of flips) if (z.length > 0) z[at % z.length] ^= flip;
        if (z.equals(sound)) return;
        const opened = open(z, dictionary);
        // flips in what pads the last byte change nothing
        if (opened) assert.deepEqual(opened.bytes, believable[row]);
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (z) => assert.equal(open(z, dictionary), null)),
    { numRuns: 500 },
  );
  // and what lies behind is as it was
  assert.deepEqual(open(Buffer.from(code(believable[0], dictionary)), dictionary)?.bytes, believable[0]);
});

test('codes: complete, none longer than eleven bits, shorter for what is counted more, and read as they are written', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(5), fc.nat(2 ** 30)), { minLength: 2, maxLength: 256 }), (counts) => {
      const lengths = lengthsOf(counts);
      assert.equal(
        lengths.reduce((sum, length) => sum + 2 ** (LONGEST - length), 0),
        2 ** LONGEST,
      );
      counts.forEach((count, i) => {
        if (count > counts[0] * 8 + 8) assert.ok(lengths[i] <= lengths[0], `${count} and ${counts[0]}`);
      });
      const table = symbolTable(lengths);
      codesOf(lengths).forEach((written, symbol) => {
        for (const after of [0, 2 ** LONGEST - 1]) {
          const bits = (written | (after << lengths[symbol])) & (2 ** LONGEST - 1);
          assert.equal(table[bits], (symbol << 4) | lengths[symbol]);
        }
      });
    }),
  );
});

test('a dictionary whose lengths make no codes is refused', () => {
  const bytes = learn(believable);
  fc.assert(
    fc.property(fc.nat(575), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const spoilt = Uint8Array.from(bytes);
      spoilt[at] ^= flip;
      const swapped = (spoilt[at] >> 4) + (spoilt[at] & 15) === (bytes[at] >> 4) + (bytes[at] & 15);
      if (!swapped) assert.throws(() => loadDictionary(spoilt), { code: 'ARCHIVE_DAMAGED' });
    }),
  );
});
