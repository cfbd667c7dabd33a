/** How log lines are folded, coloured, searched, laid out and copied. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ansiFree } from '../../src-main/contract/ansi.ts';
import { heightOf, lineAt, logOf, pageOf, ROW, rowsOf } from '../../src-renderer/ui/text/log-layout.ts';
import {
  blocksOf,
  foldMessage,
  hiddenHit,
  logText,
  MOST_DRAWN,
  pieces,
  UNFOLD_BY,
} from '../../src-renderer/ui/text/log-lines.ts';
import { levelOf, LineChooser, type LogFilter } from '../../src-main/contract/log-filter.ts';
import { logSearch, MOST_HITS } from '../../src-main/contract/log-search.ts';
import { LogPass } from '../../src-renderer/ui/text/log-pass.ts';
import { LogCounts } from '../../src-renderer/ui/text/log-counts.ts';
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
    const counts = new LogCounts();
    for (const one of [line(40, 'a', 'x'), line(45, 'b', 'y'), line(20, 'c', 'y'), line(20, 'd', 'z')])
      counts.count(one, 1);
    counts.count(line(20, 'd', 'z'), -1);
    assert.deepEqual(
      [counts.levels.error, counts.levels.info, counts.loggers],
      [
        2,
        1,
        [
          ['y', 2],
          ['x', 1],
        ],
      ],
    );
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

  it('shows the first hit of what is folded when none is in sight, cut to its surroundings', () => {
    const of = (message: string, typed: string) => {
      const folded = foldMessage(message);
      return folded && hiddenHit(message, folded, logSearch(typed, false));
    };
    const raised = `failed\nTraceback (most\n  File "a.py"\n    f()\n\u001b[31mKeyError\u001b[0m: 'x'`;
    assert.equal(of(raised, 'keyerror'), "KeyError: 'x'");
    assert.equal(of(raised, 'failed'), null);
    assert.equal(of(raised, ''), null);
    assert.equal(of(raised, 'KeyError failed'), null);
    assert.equal(of('short', 'short'), null);
    const long = `${'x'.repeat(500_000)}needle${'y'.repeat(500_000)}`;
    assert.equal(of(long, 'needle'), `…${'x'.repeat(40)}needle${'y'.repeat(154)}…`);
  });

  it('copies with the date, every digit and without colours', () => {
    assert.equal(logText([line(40, '\u001b[31mno\u001b[0m')], 'UTC'), '1970-01-01T00:00:00.000001Z ERROR prefect.task_runs - no'); // prettier-ignore
  });
});

describe('the search in log lines', () => {
  const fits = (search: string, text: string, regex = false) => logSearch(search, regex).fits(text);

  it('words, phrases and minus, anywhere in a line', () => {
    assert.ok(fits('out time', 'Timeout after 5 s') && fits('"after 5"', 'timeout after 5 s') && !fits('FLOW', 'x'));
    assert.ok(!fits('"5 after"', 'timeout after 5 s') && !fits('timeout -after', 'timeout after') && fits('-b', 'a'));
    assert.deepEqual(marked('Batch batch', 'batch'), ['Batch', 'batch']);
    assert.deepEqual(marked('İ batch', 'batch'), [], 'places are not known');
    // as the full-text index finds them
    assert.deepEqual(marked('it was read-timed, out', '"read timed out"'), ['read-timed, out']);
    assert.deepEqual(marked('u\u0308ber uber', 'über'), ['u\u0308ber']);
    assert.deepEqual(marked('aΣ ΟΔΟΣ', 'οδος'), ['ΟΔΟΣ']);
    assert.deepEqual(marked('ConnectÜberlauf', 'überl'), ['Überl']);
  });

  it('regular expressions take linear time, and one that cannot be read says why', () => {
    assert.ok(fits('time(d )?out', 'TIMEOUT', true) && !fits('^x', 'ax', true));
    assert.deepEqual(marked('a1b22', '\\d+', true), ['1', '22']);
    assert.deepEqual(marked('abc', 'x*', true), [], 'an empty hit is no mark');
    assert.match(logSearch('(', true).problem ?? '', /./);
    assert.ok(logSearch('(', true).fits('anything'));
    // exponential in a backtracking engine
    assert.ok(!fits('^(a+)+$', `${'a'.repeat(5000)}b`, true));
  });

  it('marks a bounded number of hits of a message that is nothing else', () => {
    for (const regex of [false, true]) assert.equal(marked('ab'.repeat(500_000), 'a', regex).length, MOST_HITS);
  });
});

describe('the lines shown', () => {
  it('are those of the levels and the logger that hold the words, and as many around each as wanted', () => {
    const text = fc.constantFrom('hit', 'other', '\u001b[31mhit\u001b[0m', 'h\u001b[0mit');
    const some = fc.array(fc.record({ level: fc.constantFrom(10, 20, 40), message: text, name: fc.constantFrom('a', 'b') }), { maxLength: 30 }); // prettier-ignore
    const filters = fc.record<LogFilter>({
      find: fc.constantFrom('', 'hit', '-hit'),
      regex: fc.boolean(),
      inverted: fc.boolean(),
      off: fc.subarray(['debug', 'error']),
      logger: fc.constantFrom(null, 'a'),
      context: fc.constantFrom(0, 1, 3),
    });
    fc.assert(
      fc.property(some, filters, (messages, filter) => {
        const logs = messages.map((one, i) => ({ ...one, id: String(i), timestamp: i }));
        const { find, regex, inverted, off, logger, context } = filter;
        const among = logs.filter(
          ({ level, name }) => !off.some((one) => one === levelOf(level)) && (logger ?? name) === name,
        );
        const finds = ({ message }: { message: string }) => {
          const has = ansiFree(message).includes('hit');
          return find === 'hit' ? has : !regex && !has; // as an expression, -hit stands nowhere
        };
        const hits = among.map((one) => find === '' || finds(one) !== inverted);
        const expected = among.flatMap(({ id }, i) =>
          hits.slice(Math.max(0, i - context), i + context + 1).some(Boolean) ? [[id, !hits[i]]] : [],
        );
        const chooser = new LineChooser(filter);
        const found: [string, boolean][] = [];
        for (const one of logs) chooser.take(one, ({ id }, around) => found.push([id, around]));
        assert.deepEqual(found, expected);
      }),
    );
  });
});

describe('a pass over a log', () => {
  it('that has grown, lost its end or had lines filled in is what a pass over all of it is', async () => {
    const message = fc.constantFrom('hit', 'x'.repeat(130), 'a\nb', 'x\ny\nz\nhit\nw');
    const lines = fc.array(fc.record({ level: fc.constantFrom(20, 40), message }), { minLength: 1, maxLength: 40 });
    const step = fc.record({ length: fc.nat(40), gap: fc.option(fc.nat(39)), find: fc.constantFrom('', 'hit'), context: fc.constantFrom(0, 0, 2), replaced: fc.nat(40) }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(lines, fc.array(step, { maxLength: 6 }), async (all, steps) => {
        const logs = all.map((one, i) => ({ ...one, id: String(i).padStart(3), timestamp: i >> 1, name: 'n' }));
        const pass = new LogPass();
        for (const { length, gap, find, context, replaced } of steps) {
          const some = logs.slice(0, length).map((one, i) => (i >= replaced ? { ...one } : one));
          const filter = { find, regex: false, inverted: false, off: [], logger: null, context };
          const layout = { columns: 60, rooms: new Map<string, number>(), late: some[gap ?? -1] ?? null };
          const anew = await new LogPass().find(some, filter, layout, () => undefined);
          assert.deepEqual(await pass.find(some, filter, layout, () => undefined), anew);
        }
      }),
    );
  });

  it('of many lines gives the page its turns', async () => {
    const logs = Array.from({ length: 300_000 }, (_, i) => ({
      ...line(i % 1000 ? 20 : 40, `line ${i}`),
      id: String(i).padStart(9),
    }));
    const filter = { find: '', regex: false, inverted: false, off: [], logger: null, context: 0 };
    let turns = 0;
    const shown = await new LogPass().find(logs, filter, { columns: 60, rooms: new Map(), late: null }, () => turns++);
    assert.deepEqual([shown?.lines.length, shown?.errors.length, shown?.tops.at(-1)], [300_000, 300, 300_000 * ROW]); // prettier-ignore
    assert.ok(turns > 1);
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

describe('a message of a million characters', () => {
  it('is drawn in blocks that are together the message, each of whole rows', () => {
    const columns = 61;
    const parts = pieces(`${'ab'.repeat(20_000)}\n${'c'.repeat(900_000)}`, (text) => logSearch('ab', false).hits(text));
    const blocks = blocksOf(parts, columns).map((block) => block.map(({ text }) => text).join(''));
    assert.equal(blocks.join(''), parts.map(({ text }) => text).join(''));
    for (const block of blocks.slice(0, -1))
      assert.ok(block.length <= UNFOLD_BY && (block.length % columns === 0 || block.endsWith('\n')));
    assert.deepEqual(blocksOf([{ text: 'a', look: '', hit: false }], Infinity).length, 1);
  });
});

describe('where lines stand', () => {
  it('a message takes as many rows as it is drawn with', () => {
    assert.deepEqual([rowsOf('', 10), rowsOf('abc', 10), rowsOf('x'.repeat(11), 10), rowsOf('a\nb', 10)], [1, 1, 2, 2]);
    assert.equal(rowsOf('x'.repeat(99), Infinity), 1);
    assert.equal(rowsOf('a\nb\nc\nd\ne', 10), 3, 'two lines and the button');
    assert.equal(rowsOf('x'.repeat(1_000_000), 100), MOST_DRAWN / 100 + 1);
    assert.equal(rowsOf('a\nb\nc\nd\ne', 10, undefined, logSearch('d', false)), 4, 'and the line that was found');
  });

  it('every line of a million is found where it stands, also where the page is shorter than the log', () => {
    const tops = new Float64Array(1_000_001);
    for (let i = 0; i < 1_000_000; i++) tops[i + 1] = tops[i] + ((i % 3) + 1) * ROW;
    assert.ok(heightOf(tops) < 17_000_000, 'Firefox lays out no more');
    for (const i of [0, 1, 2, 3, 499_999, 999_998, 999_999]) {
      assert.equal(lineAt(tops[i], tops), i);
      assert.equal(lineAt(tops[i] + ROW - 1, tops), i);
      assert.equal(lineAt(Math.round(logOf(pageOf(tops[i], tops), tops)), tops), i);
    }
    assert.ok(pageOf(tops.at(-1) ?? 0, tops) <= heightOf(tops));
    assert.equal(lineAt(5, new Float64Array(1)), 0);
  });
});
