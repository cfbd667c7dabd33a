import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { partsOf, wordsOf } from '../../src-main/contract/search-text.ts';
import { indexed } from '../../src-main/store/search/search-tables.ts';
import '../fixtures/ci-seed.ts';

const piece = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 5 }),
  fc.constantFrom(
    'KeyError',
    'HTTPError',
    'x86',
    '2Go',
    'a'.repeat(79),
    'B'.repeat(90),
    '\u001b[32m',
    '\u001b',
    ' ',
    '_',
    '.',
  ),
);
const ascii = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''));

test('a text of ASCII alone has the words and parts that it has beside other letters', () => {
  fc.assert(
    fc.property(ascii, (text) => {
      assert.deepEqual(wordsOf(text), wordsOf(`${text} 数`).slice(0, -1));
      assert.deepEqual(partsOf(text), partsOf(`aB ${text}`).slice(1));
    }),
    { numRuns: 2000 },
  );
});

test('what is indexed has the words of each text side by side, and nothing beside the words of another', () => {
  fc.assert(
    fc.property(fc.array(ascii, { maxLength: 5 }), (texts) => {
      const pieces = indexed(texts).split(' ¶ ');
      const words = texts.map((text) => wordsOf(text).join(' ')).filter((text) => text !== '');
      const parts = new Set(texts.flatMap(partsOf));
      assert.deepEqual(pieces, words.length > 0 ? [...words, ...parts] : ['']);
    }),
  );
});
