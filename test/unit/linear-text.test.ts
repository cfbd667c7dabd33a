/** Text from a server, a link or a person, 1 MB of the worst for each pattern that meets it. What takes the square of its length would run for hours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ansiFree } from '../../src-main/contract/ansi.ts';
import { logSearch } from '../../src-main/contract/log-search.ts';
import { closest } from '../../src-main/contract/query-text/closest.ts';
import { partsOf, searchTerms, wordsOf } from '../../src-main/contract/search-text.ts';
import { withoutSecrets } from '../../src-main/core/files/log-file.ts';
import { elementsOf, parseReply } from '../../src-main/prefect/rows.ts';
import { rowWords } from '../../src-main/store/search/texts.ts';

const LENGTH = 1_000_000;
const much = (piece: string) => piece.repeat(Math.ceil(LENGTH / piece.length));

test('escape sequences that never end', () => {
  for (const piece of ['\u009b]', '\u001b]', '\u009b', '\u001b[', '\u001b[0;', '\u009b0;', '\u001b]8;;\u009b'])
    assert.ok(ansiFree(much(piece)).length <= much(piece).length, JSON.stringify(piece));
});

test('words with more marks than a letter has', () => {
  const marked = `a${'\u0315'.repeat(LENGTH / 2)}${'\u0300'.repeat(LENGTH / 2)} b`;
  assert.equal(wordsOf(marked).length, 2);
  assert.deepEqual(partsOf(marked), []);
  for (const piece of ['aB', 'a ', '好', 'ß\u0301']) assert.ok(wordsOf(much(piece)).length > 0);
});

test('a word of 5,000,000 letters or marks between two others', () => {
  for (const [piece, kept] of [
    ['Xx', 'xx'.repeat(40)],
    ['ש', 'ש'.repeat(80)],
    ['𝒳', '𝒳'.repeat(40)],
    ['\u0301', '\u0301'.repeat(32)],
  ] as const) {
    const text = `ValueError: ${piece.repeat(5_000_000 / piece.length)} ß`;
    assert.deepEqual(wordsOf(text), ['valueerror', kept, 'ß'], JSON.stringify(piece));
    assert.equal(partsOf(text)[0], 'error');
  }
});

test('a search of stars, of quotes and of minuses', () => {
  assert.deepEqual(searchTerms(`${much('*')}x`), [{ text: `${much('*')}x`, not: false, phrase: false }]);
  assert.equal(searchTerms(much('ab*'))[0]?.text.endsWith('b'), true);
  for (const piece of ['"', '-', '\\"', '-"']) assert.ok(searchTerms(much(piece)).length >= 0);
});

test('addresses without an end in a line of the log', () => {
  for (const piece of ['a.', 'a://', 'http://a:b', 'a+']) assert.equal(withoutSecrets(much(piece)), much(piece));
});

test('a field nobody has', () => assert.deepEqual(closest(much('state'), 'task_run'), []));

test('an expression that matches nothing, everywhere', () => {
  const { hits } = logSearch('(x*y)?', true);
  assert.deepEqual(hits(much('x')), []);
});

test('parameters nested deeper than a stack goes', () => {
  let parameters: unknown = 'needle';
  for (let i = 0; i < 100_000; i++) parameters = i % 2 ? [parameters] : { deep: parameters };
  assert.match(rowWords('flow_run', { parameters }) ?? '', /needle/);
});

test('a reply that looks like the border of rows everywhere', () => {
  for (const inside of ['"},{\\"id\\":"', '[{"id":1},{"id":2}]']) {
    const rows = [...Array.from({ length: 20_000 }, () => '{"id":1}'), `{"id":${inside}}`];
    const reply = parseReply(`[${rows.join(',')}]`);
    assert.deepEqual(
      elementsOf(reply)?.map(({ json }) => json),
      rows,
    );
  }
});
