/** The full-text index of a real archive: it finds what reading every text finds, and what has left the archive leaves it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { FoundLines } from '../../src-main/contract/found-in.ts';
import type { Condition } from '../../src-main/contract/query.ts';
import type { LogLine, RunActivity } from '../../src-main/contract/run.ts';
import { foundInRuns } from '../../src-main/core/workers/found-in-runs.ts';
import { Engine } from '../../src-main/query/engine.ts';
import type { Change, ColumnSource } from '../../src-main/store/columns.ts';
import { openReader, type Reader } from '../../src-main/store/read/reader.ts';
import { CHUNKS } from '../../src-main/store/search/search-tables.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter, type Writer } from '../../src-main/store/write/writer.ts';
import '../fixtures/ci-seed.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const uuid = (n: number, kind = 0) => `0000000${kind}-0000-4000-8000-${String(n).padStart(12, '0')}`;
const row = (value: Record<string, unknown>) => ({ json: JSON.stringify(value), value });
/** every third is cancelled */
const run = (n: number, message: string | null, name = 'q') =>
  row({ id: uuid(n), name, state_type: n % 3 === 1 ? 'CANCELLED' : 'COMPLETED', state_name: 'Done', flow_run_id: uuid(n % 3, 1), state: { message } }); // prettier-ignore
const line = (id: number, message: string): LogLine => ({
  id: uuid(id, 2),
  name: 'n',
  level: 20,
  message,
  timestamp: id,
});
const activity = (logs: LogLine[], history: string[] = [], artifacts: string[] = []): RunActivity => ({
  history: history.map((message, i) => ({ id: uuid(i, 3), type: 'RUNNING', name: 'Running', timestamp: i, message })),
  logs,
  artifacts: artifacts.map((data, i) => ({
    ...{ id: uuid(i, 4), key: null, type: 'markdown', description: null, truncated: false, created: 1, updated: 1 },
    data,
  })),
  ...{ gap: null, kept: 0, count: null, fetched: 1, problem: null, missed: {} },
});

class Place {
  readonly path: string;
  writer: Writer;
  reader: Reader;
  constructor(t: TestContext) {
    this.path = join(tempDir(t), 'a.sqlite');
    this.writer = openWriter(this.path, { onChange: () => undefined });
    this.reader = openReader(this.path);
    t.after(() => this.close());
  }
  close(): void {
    this.reader.close();
    this.writer.close();
  }
  again(): void {
    this.close();
    this.writer = openWriter(this.path, { onChange: () => undefined });
    this.reader = openReader(this.path);
  }
  /** numbers of the runs found, as in their ids */
  found(where: Condition): number[] {
    return this.asker()(where);
  }
  /** the same for several questions about the archive as it is */
  asker(): (where: Condition) => number[] {
    const engine = new Engine(this.reader, { dialect: 'sqlite' });
    engine.load();
    return (where) => {
      const { order } = engine.ask({ where, sort: [], now: 0 });
      return Array.from(order, (rid) => Number(engine.idOf('task_run', rid).slice(-12))).sort((a, b) => a - b);
    };
  }
}

// ---- reading every text ----

type Word = { raw: string; folded: string };
const alone = ['Script_Extensions=Han', 'Script_Extensions=Hiragana', 'Script_Extensions=Katakana', 'Script_Extensions=Thai', 'Extended_Pictographic', 'Regional_Indicator'].map((name) => new RegExp(`\\p{${name}}`, 'u')); // prettier-ignore

function words(text: string): Word[] {
  const found: string[] = [];
  let open = false;
  for (const character of text.normalize('NFC')) {
    if (alone.some((one) => one.test(character))) {
      found.push(character);
      open = false;
    } else if (!/[\p{L}\p{N}\p{M}]/u.test(character)) open = false;
    else {
      if (open) found[found.length - 1] += character;
      else found.push(character);
      open = true;
    }
  }
  return found.map((word) => {
    const raw = word.slice(0, 80); // what goes on for longer is an encoded byte string, not a word
    return { raw, folded: fold(raw) };
  });
}

const letters = (text: string) => text.normalize('NFC').toLowerCase();
const fold = (word: string) => word.toLowerCase().replaceAll('ς', 'σ').toWellFormed();

/** The word itself and what follows each of the first inner borders of a CamelCase word. */
function starts({ raw, folded }: Word): string[] {
  const is = (at: number, shape: RegExp) => shape.test(raw[at] ?? '');
  const all = [folded];
  for (let i = 1; i < raw.length && all.length < 8; i++) {
    const down = is(i - 1, /[\p{Ll}\p{N}]/u) && is(i, /\p{Lu}/u);
    const up = is(i - 1, /\p{Lu}/u) && is(i, /\p{Lu}/u) && is(i + 1, /\p{Ll}/u);
    if (down || up) all.push(fold(raw.slice(i)));
  }
  return all;
}

/** `stars`: are typed behind it and change nothing, since what is typed may always go on */
type Term = { text: string; phrase: boolean; not: boolean; stars?: string };

function inText(text: string, { text: term, phrase }: Term): boolean {
  const searched = words(term);
  const last = searched.at(-1);
  if (!last) return false;
  const ends = words(term + 'x').length === searched.length; // a letter would go on in its last word
  const prefix = !phrase && ends && [...last.folded].length >= 3;
  const fits = (one: string, place: number) => {
    const folded = searched[place].folded;
    return prefix && place === searched.length - 1 ? one.startsWith(folded) : one === folded;
  };
  const all = words(text);
  if (searched.length === 1) return all.some((word) => starts(word).some((one) => fits(one, 0)));
  return all.some((_, at) => searched.every((__, i) => at + i < all.length && fits(all[at + i].folded, i)));
}

const escape = (text: string) => `\u001b[1;32m${text}\u001b[0m`;
const piece = fc.constantFrom(
  ...['Time', 'out', 'Error', 'KeyError', 'HTTP', 'x', '42', 'über', 'u\u0308ber', 'ΟΔΥΣ', 'σας', '数据', '库', 'データ', 'ไทย', '🔥', '👩‍💻', '❤️', '🇩🇪', 'İ', 'ß'],
  ...[' ', ' ', ' ', '_', '-', '.', '/', ': ', '\n', '"', '\\', '\0', '\ud800'],
); // prettier-ignore
/** `seen`: without the colours. */
const text = fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 12 }).map((parts) => ({
  seen: parts.map(([part]) => part).join(''),
  sent: parts.map(([part, coloured]) => (coloured ? escape(part) : part)).join(''),
}));
const bare = fc
  .array(piece, { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('').replace(/[\s"\\*]/g, ''))
  .filter((word) => word !== '' && !word.startsWith('-'));
const term: fc.Arbitrary<Term> = fc.oneof(
  fc.record({ text: bare, phrase: fc.constant(false), not: fc.boolean(), stars: fc.constantFrom('', '', '*') }),
  fc.record({ text: fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')), phrase: fc.constant(true), not: fc.boolean() }).filter((one) => one.text.trim() !== ''), // prettier-ignore
);
const typed = ({ text, phrase, not, stars = '' }: Term) =>
  (not ? '-' : '') + (phrase ? `"${text.replace(/["\\]/g, '\\$&')}"` : text + stars);

test('a search finds what reading every text finds: any script, emoji, colours, phrases, beginnings, minus, alone and with other filters', (t) => {
  const place = new Place(t);
  const texts = fc.record({
    // half a surrogate pair is not kept in a column
    name: text.map(({ seen }) => seen.toWellFormed()),
    message: text,
    logs: fc.option(fc.array(text, { maxLength: 3 })),
    artifact: text,
    earlier: text,
  });
  fc.assert(
    fc.property(
      fc.array(texts, { minLength: 1, maxLength: 5 }),
      fc.array(fc.array(term, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
      (runs, searches) => {
        place.writer.remove(
          'task_run',
          Array.from({ length: 5 }, (_, n) => uuid(n)),
          1,
        );
        place.writer.write({
          batches: [
            encodeRows(
              'task_run',
              runs.map(({ message, name }, n) => run(n, message.sent, name)),
            ),
          ],
        });
        runs.forEach(({ logs, artifact, earlier }, n) => {
          const lines = logs?.map(({ sent }, i) => line(n * 10 + i, sent));
          // the lines come in two readings
          if (lines) place.writer.saveActivity(uuid(n), activity(lines.slice(0, 1)), null);
          if (lines) place.writer.saveActivity(uuid(n), activity(lines, [earlier.sent], [artifact.sent]), null);
        });
        const found = place.asker();
        const cancelled: Condition = { field: 'state_type', in: ['CANCELLED'] };
        for (const searched of searches) {
          // beside a word that is to be found, signs ask for nothing
          const isWord = (one: Term) => words(one.text).length > 0;
          const signsCount = !searched.some((one) => !one.not && isWord(one));
          const terms = searched.filter((one) => signsCount || one.not || isWord(one));
          const within = (list: string[], names: string[]) =>
            terms.every((one) => (list.some((each) => inText(each, one)) || names.some((name) => letters(name).includes(letters(one.text)))) !== one.not); // prettier-ignore
          const search = searched.map(typed).join(' ');
          const numbers = (which: (n: number) => boolean) => runs.flatMap((_, n) => (which(n) ? n : []));
          const asText = numbers((n) => {
            const { name, message, logs, artifact, earlier } = runs[n];
            const kept = logs ? [...logs, artifact, earlier] : [];
            return within(
              [message, ...kept].map(({ seen }) => seen),
              [name, 'Done'],
            );
          });
          const asLog = numbers(
            (n) => runs[n].logs !== null && within(runs[n].logs?.map(({ seen }) => seen) ?? [], []),
          );
          assert.deepEqual(found({ text: search }), asText, search);
          assert.deepEqual(found({ log: search }), asLog, `log: ${search}`);
          const [other, both] = [numbers((n) => n % 3 !== 1), [{ text: search }, { log: search }]];
          assert.deepEqual(
            found({ not: { text: search } }),
            numbers((n) => !asText.includes(n)),
          );
          assert.deepEqual(found({ and: [...both, { not: cancelled }] }), numbers((n) => asText.includes(n) && asLog.includes(n) && other.includes(n))); // prettier-ignore
          assert.deepEqual(found({ or: [{ log: search }, cancelled] }), numbers((n) => asLog.includes(n) || !other.includes(n))); // prettier-ignore
          // what is said of a row is what was found: each run found by its lines has lines that are counted and marked
          const wanted = terms.filter(({ not }) => !not);
          if (wanted.length === 1)
            for (const n of found({ log: typed(wanted[0]) })) {
              const count = new FoundLines({ text: '', log: typed(wanted[0]) });
              count.take(runs[n].logs?.map(({ sent }) => ({ message: sent })) ?? []);
              assert.ok(count.found.lines > 0, `${typed(wanted[0])} in ${JSON.stringify(runs[n].logs)}`);
            }
        }
        assert.deepEqual(
          found({ log: '' }),
          runs.flatMap(({ logs }, n) => (logs ? n : [])),
        );
      },
    ),
    { numRuns: 150 },
  );
});

test('a line of a traceback or a log finds its run as it is pasted, signs and all', (t) => {
  const place = new Place(t);
  const trace =
    'Traceback (most recent call last):\n  File "/app/flows.py", line 29, in load\n    if r.status != 200:\nValueError: a > b';
  const logged = "02:24:31.230 | ERROR   | Task run 'load-718' - Finished in state Failed('a => b')";
  place.writer.write({ batches: [encodeRows('task_run', [run(1, trace), run(2, 'line 29'), run(3, null)])] });
  place.writer.saveActivity(uuid(3), activity([line(1, logged)]), null);
  for (const [pasted, numbers] of [...trace.split('\n').map((one) => [one, [1]] as const), [logged, [3]] as const])
    assert.deepEqual(place.found({ text: pasted }), numbers, pasted);
  assert.deepEqual(place.found({ log: logged }), [3]);
});

test('a replaced text, a deleted run and the lines of one leave the index', (t) => {
  const place = new Place(t);
  const { writer } = place;
  const found = (search: string) => place.found({ text: search });
  writer.write({ batches: [encodeRows('task_run', [run(1, 'alpha'), run(2, 'alpha beta'), run(3, null)])] });
  writer.saveActivity(uuid(2), activity([line(1, 'gamma')], ['delta'], ['epsilon']), null);
  assert.deepEqual(found('alpha'), [1, 2]);
  assert.deepEqual([found('gamma'), found('delta'), found('epsilon')], [[2], [2], [2]]);
  writer.write({ batches: [encodeRows('task_run', [run(1, 'omega'), run(2, null), run(3, 'alpha')])] });
  assert.deepEqual([found('alpha'), found('omega'), found('beta')], [[3], [1], []]);
  writer.saveActivity(uuid(2), activity([], [], []), null);
  assert.deepEqual([found('gamma'), found('delta'), found('epsilon')], [[2], [], []], 'lines stay, as they are kept');
  writer.remove('task_run', [uuid(2), uuid(3)], 1);
  // the words themselves are gone, not only the runs
  const match = (table: 'task_run' | 'log', word: string) => [...place.reader.search(table, `"${word}"`)];
  assert.deepEqual([match('task_run', 'alpha'), match('log', 'gamma'), match('task_run', 'omega').length], [[], [], 1]);
});

test('parameters of the flow run, ids and pasted addresses lead to the run', (t) => {
  const place = new Place(t);
  const parent = row({ id: uuid(1, 1), name: 'f', flow_id: uuid(9, 5), parameters: { region: 'eu-west', list: [{ sku: 815 }] } }); // prettier-ignore
  place.writer.write({
    batches: [encodeRows('flow_run', [parent]), encodeRows('task_run', [run(1, null), run(2, null), run(4, null)])],
  });
  const found = (text: string) => place.found({ text });
  assert.deepEqual([found('region'), found('eu-west'), found('sku 815'), found('west 4711')], [[1, 4], [1, 4], [1, 4], []]); // prettier-ignore
  assert.deepEqual([found(uuid(2)), found(uuid(2).replaceAll('-', '').toUpperCase())], [[2], [2]]);
  assert.deepEqual(
    [found(uuid(1, 1)), found(uuid(9, 5))],
    [
      [1, 4],
      [1, 4],
    ],
  );
  const server = ['http://localhost:4200', 'https://host/prefix', 'https://app.prefect.cloud/account/' + uuid(7) + '/workspace/' + uuid(8)]; // prettier-ignore
  for (const base of server)
    for (const page of ['/runs/task-run/', '/v2/runs/task-run/', '/task-runs/task-run/', '/api/task_runs/'])
      assert.deepEqual(found(`${base}${page}${uuid(2)}?tab=logs#x`), [2], base + page);
  assert.deepEqual(found(`http://h/flow-runs/flow-run/${uuid(1, 1)}`), [1, 4]);
  assert.deepEqual(found(`http://h/runs/flow-run/${uuid(1, 1)} -${uuid(4)}`), [1]);
});

test('where a search has found its words is said: places, lines with all of them, or with the first that any has', async (t) => {
  const place = new Place(t);
  const parent = row({ id: uuid(1, 1), name: 'f', parameters: { region: 'eu-west' } });
  const message = 'it broke\nTraceback (most recent call last)\n  in zeta';
  place.writer.write({
    batches: [encodeRows('flow_run', [parent]), encodeRows('task_run', [run(1, message), run(4, null)])],
  });
  const lines = ['gamma one', 'gamma two', 'other', '\u001b[31mgam\u001b[0mma-two'].map((text, i) => line(i, text));
  place.writer.saveActivity(uuid(1), activity(lines, ['delta', message], ['epsilon']), null);
  const engine = new Engine(place.reader, { dialect: 'sqlite' });
  engine.load();
  const look = async (text: string, log = '') =>
    await foundInRuns(engine, place.reader, { search: { text, log }, ids: [uuid(1), uuid(4), uuid(9)] }, new AbortController().signal); // prettier-ignore
  const nothing = { places: [], lines: 0, all: true, find: '' };
  assert.deepEqual(await look('gamma'), [{ ...nothing, lines: 3, find: 'gamma' }, nothing, null]);
  assert.deepEqual((await look('gamma two'))[0], { ...nothing, lines: 2, find: 'gamma two' });
  assert.deepEqual((await look('two zeta -other'))[0], { ...nothing, places: ['traceback'], lines: 2, find: 'two' });
  assert.deepEqual((await look('', 'gamma'))[0], { ...nothing, lines: 3, find: 'gamma' });
  assert.deepEqual((await look('', 'zeta'))[0], nothing);
  const places = async (text: string) => (await look(text)).map((one) => one?.places ?? null);
  assert.deepEqual(await places('broke'), [['message'], [], null]);
  assert.deepEqual(await places('eu-west'), [['parameters'], ['parameters'], null]);
  assert.deepEqual([(await places('delta'))[0], (await places('epsilon'))[0]], [['states'], ['artifacts']]);
});

test('a search in logs is asked of the index once, and afterwards of the runs whose logs have come, changed or gone', (t) => {
  const words = ['gamma', 'gammaray', 'delta two', '数据', 'Errors'];
  const searches = ['gamma', 'gam', '"delta two"', '数', 'error', '']
    .map((log): Condition => ({ log }))
    .concat({ text: 'omega' });
  const step = fc.oneof(
    fc.record({
      run: fc.nat(60),
      logs: fc.array(fc.constantFrom(...words), { maxLength: 2 }),
      gap: fc.boolean(),
      artifact: fc.constantFrom('omega', 'other'),
    }),
    fc.record({ write: fc.nat(60) }),
    fc.record({ remove: fc.nat(60) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const changes: Change[] = [];
      const dir = tempDir(t);
      const writer = openWriter(join(dir, 'a.sqlite'), { onChange: (change) => changes.push(change) });
      const reader = openReader(join(dir, 'a.sqlite'));
      let whole = 0;
      const source: Required<ColumnSource> = {
        maxRid: (entity) => reader.maxRid(entity),
        rows: (entity, from, to) => reader.rows(entity, from, to),
        rowsByRid: (entity, rids) => reader.rowsByRid(entity, rids),
        terms: (after) => reader.terms(after),
        withLogs: (among) => reader.withLogs(among),
        search: (table, match, among) => {
          if (table === 'log' && among === undefined) whole += 1;
          return reader.search(table, match, among);
        },
      };
      try {
        writer.write({ batches: [encodeRows('task_run', [run(1, 'a'), run(2, 'b')])] });
        writer.saveActivity(uuid(1), activity([line(1, 'gamma')]), null);
        const engine = new Engine(source, { dialect: 'sqlite' });
        engine.load(reader.batch());
        changes.length = 0;
        const found = (one: Engine) => searches.map((where) => [...one.rows('task_run', where, 0)]);
        found(engine);
        const before = whole;
        steps.forEach((one, i) => {
          if ('write' in one) writer.write({ batches: [encodeRows('task_run', [run(one.write, `${i}`)])] });
          else if ('remove' in one) writer.remove('task_run', [uuid(one.remove)], 1);
          else {
            const lines = one.logs.map((text, n) => line(i * 10 + n, text));
            writer.saveActivity(
              uuid(one.run),
              { ...activity(lines, [], [one.artifact]), gap: one.gap ? uuid(9) : null },
              null,
            );
          }
          for (const change of changes.splice(0)) engine.apply(change);
          const anew = new Engine(reader, { dialect: 'sqlite' });
          anew.load();
          assert.deepEqual(found(engine), found(anew), JSON.stringify(one));
        });
        assert.equal(whole, before);
      } finally {
        reader.close();
        writer.close();
      }
    }),
    { numRuns: 20 },
  );
});

test('a run that is read again and again keeps its lines in a bounded number of chunks, and all are found', (t) => {
  const place = new Place(t);
  place.writer.write({ batches: [encodeRows('task_run', [run(1, null), run(2, null)])] });
  place.writer.saveActivity(uuid(2), activity([line(900_000, 'other')]), null);
  for (let i = 0; i < CHUNKS + 5; i++) place.writer.saveActivity(uuid(1), activity([line(i, `word${i}`)]), null);
  for (const i of [0, 1, CHUNKS - 1, CHUNKS, CHUNKS + 4]) assert.deepEqual(place.found({ log: `"word${i}"` }), [1]);
  assert.deepEqual(place.found({ log: 'other' }), [2]);
  assert.deepEqual(place.found({ log: '' }), [1, 2]);
  // lines are missing: what is kept is found, but nothing says that all of it was searched
  place.writer.saveActivity(uuid(2), { ...activity([line(900_001, 'more')]), gap: uuid(900_001) }, null);
  assert.deepEqual(place.found({ log: '' }), [1]);
  assert.deepEqual(place.found({ log: 'more' }), [2]);
});

test('an archive whose index is older gets one in slices, goes on after a restart, and says how far it is', (t) => {
  const place = new Place(t);
  const runs = Array.from({ length: 1200 }, (_, n) => run(n, `alpha number${n}`));
  place.writer.write({ batches: [encodeRows('task_run', runs)] });
  place.writer.saveActivity(uuid(7), activity([line(1, 'gamma')], ['delta']), null);
  assert.equal(place.reader.searchPlace(), null);
  place.close();
  const db = new Sqlite(place.path);
  db.exec("UPDATE meta SET value = '0' WHERE key = 'search_rule'");
  db.close();
  place.again();
  assert.deepEqual(place.reader.searchPlace(), { done: 0, of: 1204 });
  assert.deepEqual(place.found({ text: 'alpha' }), []);
  assert.equal(place.writer.indexTexts(), true);
  const first = place.found({ text: 'alpha' }).length;
  assert.ok(first > 0 && first < 1200);
  // what is written meanwhile is found at once
  place.writer.write({ batches: [encodeRows('task_run', [run(1199, 'omega')])] });
  assert.deepEqual(place.found({ text: 'omega' }), [1199]);
  place.again();
  while (place.writer.indexTexts());
  assert.equal(place.reader.searchPlace(), null);
  assert.equal(place.found({ text: 'alpha' }).length, 1199);
  assert.deepEqual([place.found({ text: 'omega' }), place.found({ log: 'gamma' }), place.found({ text: 'delta' })], [[1199], [7], [7]]); // prettier-ignore
  assert.equal(place.writer.indexTexts(), false);
});
