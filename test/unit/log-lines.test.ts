/** How log lines are folded, coloured, searched, laid out and copied. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ansiFree } from '../../src-main/contract/ansi.ts';
import { heightOf, lineAt, logOf, pageOf, ROW, rowsOf, topsOf } from '../../src-renderer/ui/text/log-layout.ts';
import {
  countLevels,
  countLoggers,
  foldMessage,
  levelOf,
  logText,
  MOST_DRAWN,
  pieces,
  UNFOLD_BY,
} from '../../src-renderer/ui/text/log-lines.ts';
import { logSearch, MOST_HITS } from '../../src-renderer/ui/text/log-search.ts';
import '../fixtures/ci-seed.ts';

const line = (level: number, message: string, name = 'prefect.task_runs') => ({
  id: message,
  name,
  level,
  message,
  timestamp: 1,
});
const marked = (text: string, search: string, regex = false) =>
  pieces(text, (plain) => logSearch(search, regex).hits(plain)).flatMap((one) => (one.hit ? one.text : []));

describe('log lines', () => {
  it('any number is a level', () => {
    assert.deepEqual([55, 40, 35, 20, 5, 0].map(levelOf), ['critical', 'error', 'warning', 'info', 'debug', 'debug']);
    assert.equal(countLevels([line(40, 'a'), line(45, 'b'), line(20, 'c')]).error, 2);
    assert.deepEqual(countLoggers([line(20, 'a', 'x'), line(20, 'b', 'y'), line(20, 'c', 'y')]), [['y', 2], ['x', 1]]); // prettier-ignore
  });

  it('folds long messages only: many lines to the headline, a long line to its beginning, and more with each unfolding', () => {
    assert.equal(foldMessage('a\nb\nc\nd'), null);
    assert.deepEqual(foldMessage('a\nb\nc\nd\ne'), { head: 'a\nb', lines: 3, characters: 6 });
    assert.equal(foldMessage('no\nTraceback (most\nb\nc\nd')?.head, 'no');
    const long = 'x'.repeat(1_000_000);
    assert.deepEqual(foldMessage(long), { head: 'x'.repeat(MOST_DRAWN), lines: 0, characters: 1_000_000 - MOST_DRAWN });
    assert.equal(foldMessage(long, UNFOLD_BY)?.head.length, UNFOLD_BY);
    assert.equal(foldMessage('a\nb\nc\nd\ne', UNFOLD_BY), null);
    assert.equal(foldMessage(`a\n${long}\nc\nd\ne`)?.head.length, MOST_DRAWN, 'a headline is folded too');
  });

  it('copies with the date, every digit and without colours', () => {
    assert.equal(logText([line(40, '\u001b[31mno\u001b[0m')], 'UTC'), '1970-01-01T00:00:00.000001Z ERROR prefect.task_runs - no'); // prettier-ignore
  });
});

describe('the search in log lines', () => {
  const fits = (search: string, text: string, regex = false) => logSearch(search, regex).fits(text, 'prefect.flow');

  it('words, phrases and minus, anywhere in a line or its logger', () => {
    assert.ok(fits('out time', 'Timeout after 5 s') && fits('"after 5"', 'timeout after 5 s') && fits('FLOW', 'x'));
    assert.ok(!fits('"5 after"', 'timeout after 5 s') && !fits('timeout -after', 'timeout after') && fits('-b', 'a'));
    assert.deepEqual(marked('Batch batch', 'batch'), ['Batch', 'batch']);
    assert.deepEqual(marked('İ batch', 'batch'), [], 'places are not known');
  });

  it('regular expressions take linear time, and one that cannot be read says why', () => {
    assert.ok(fits('time(d )?out', 'TIMEOUT', true) && !fits('^x', 'ax', true));
    assert.deepEqual(marked('a1b22', '\\d+', true), ['1', '22']);
    assert.deepEqual(marked('abc', 'x*', true), [], 'an empty hit is no mark');
    assert.match(logSearch('(', true).problem ?? '', /./);
    assert.ok(logSearch('(', true).fits('anything', ''));
    // exponential in a backtracking engine
    assert.ok(!fits('^(a+)+$', `${'a'.repeat(5000)}b`, true));
  });

  it('marks a bounded number of hits of a message that is nothing else', () => {
    for (const regex of [false, true]) assert.equal(marked('ab'.repeat(500_000), 'a', regex).length, MOST_HITS);
  });
});

describe('colours', () => {
  it('are drawn, and a hit may go across them', () => {
    const text = 'a \u001b[1;31mred\u001b[0m b';
    assert.deepEqual(pieces(text, () => []).map((one) => [one.text, one.look]), [['a ', ''], ['red', 'ansi-red bold'], [' b', '']]); // prettier-ignore
    assert.deepEqual(marked(text, '"d b"'), ['d', ' b']);
  });

  it('what is drawn is the text without its escape sequences, whatever they are, and hits are where they are in it', () => {
    const part = fc.constantFrom('a', 'B', ' ', '🔥', '\n', '\r', '\u001b[0m', '\u001b[38;5;196m', '\u001b[48;2;1;2;3m', '\u001b[2K', '\u001b]8;;http://x\u0007', '\u001b', '[31m', '<b>', '&amp;'); // prettier-ignore
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), fc.array(fc.nat(12), { maxLength: 4 }), (parts, at) => {
        const text = parts.join('');
        const plain = ansiFree(text);
        const places = [...new Set(at)].sort((a, b) => a - b).filter((one) => one < plain.length);
        const hits = places.flatMap((from, i): [number, number][] => [[from, Math.min(plain.length, places[i + 1] ?? from + 2)]]); // prettier-ignore
        const drawn = pieces(text, () => hits);
        assert.equal(drawn.map((one) => one.text).join(''), plain);
        const inHits = [...plain].length === 0 ? '' : hits.map(([from, to]) => plain.slice(from, to)).join('');
        assert.equal(drawn.flatMap((one) => (one.hit ? one.text : [])).join(''), inHits);
      }),
    );
  });
});

describe('where lines stand', () => {
  it('a message takes as many rows as it is drawn with', () => {
    assert.deepEqual([rowsOf('', 10), rowsOf('abc', 10), rowsOf('x'.repeat(11), 10), rowsOf('a\nb', 10)], [1, 1, 2, 2]);
    assert.equal(rowsOf('x'.repeat(99), Infinity), 1);
    assert.equal(rowsOf('a\nb\nc\nd\ne', 10), 3, 'two lines and the button');
    assert.equal(rowsOf('x'.repeat(1_000_000), 100), MOST_DRAWN / 100 + 1);
  });

  it('every line of a million is found where it stands, also where the page is shorter than the log', () => {
    const tops = topsOf(1_000_000, (i) => (i % 3) + 1);
    assert.ok(heightOf(tops) < 17_000_000, 'Firefox lays out no more');
    for (const i of [0, 1, 2, 3, 499_999, 999_998, 999_999]) {
      assert.equal(lineAt(tops[i], tops), i);
      assert.equal(lineAt(tops[i] + ROW - 1, tops), i);
      assert.equal(lineAt(Math.round(logOf(pageOf(tops[i], tops), tops)), tops), i);
    }
    assert.ok(pageOf(tops.at(-1) ?? 0, tops) <= heightOf(tops));
    assert.equal(
      lineAt(
        5,
        topsOf(0, () => 1),
      ),
      0,
    );
  });
});
