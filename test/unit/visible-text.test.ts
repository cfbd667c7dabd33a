/** Odd and hostile text as it is shown: nothing unseen, nothing that turns its neighbours, nothing too long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameOf, NO_NAME, oneLine, symbols, tip } from '../../src-renderer/visible-text.ts';
import { hostileTexts } from '../fixtures/hostile-rows.ts';
import '../fixtures/ci-seed.ts';

/** Unicode's own classes, but for the joiners that emoji are made with: controls, formats, separators of lines, lone surrogates. */
const unseen = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** Formats that are seen, such as the Arabic number sign, and tags of flags. */
const seen = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}-\u{e007f}]/gu; // prettier-ignore

const hostile = hostileTexts.flatMap((one) => one ?? []);
const texts = fc.oneof(
  fc.constantFrom(...hostile),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.array(fc.constantFrom(...hostile, '\u200b', '\u2066', '\u061c', '\u00ad', '\u2028', '👩‍👩‍👧'), { maxLength: 5 }).map((parts) => parts.join('')), // prettier-ignore
);

test('a name in a line has no character that is not seen and none at its ends that could be overlooked', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const shown = oneLine(text);
      assert.doesNotMatch(shown.replace(seen, ''), unseen);
      assert.doesNotMatch(shown, /^ | $/);
      assert.equal(shown === '', text === '');
    }),
  );
  assert.equal(oneLine(' \u202egnp.exe\n\0'), '␣⇄gnp.exe↵␀');
  assert.equal(oneLine('👩‍👩‍👧 שלום'), '👩‍👩‍👧 שלום');
});

test('what is seen already stays as it is, and names that differ stay different', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'é', '数', ' ', '-', '🔥', '\u200b', '\u0000', '\n') }),
      (text) => {
        const plain = text.trim();
        if (!/[\u200b\0\n]/.test(plain)) assert.equal(oneLine(plain), plain);
        if (text !== plain) assert.notEqual(oneLine(text), oneLine(plain));
      },
    ),
  );
});

test('text of several lines keeps its lines and its places', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const shown = symbols(text);
      assert.equal(shown.length, text.length);
      assert.deepEqual([...shown.matchAll(/[\n\t]/g)].map(({ index }) => index), [...text.matchAll(/[\n\t]/g)].map(({ index }) => index)); // prettier-ignore
    }),
  );
});

test('5 MB are cut, and an empty name says so', () => {
  const long = 'x'.repeat(5_000_000);
  assert.equal(oneLine(long).length, 301);
  assert.equal(tip(long).length, 2001);
  assert.equal(oneLine(`${'x'.repeat(299)}🔥`), `${'x'.repeat(299)}\ufffd…`, 'cut within a pair');
  assert.deepEqual([nameOf(''), nameOf(' ')], [NO_NAME, '␣']);
});
