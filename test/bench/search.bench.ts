/**
 * The full-text search: `node test/bench/search.bench.ts [task runs] [log lines] [--json]`. Every run has kept lines, so that a common word
 * stands in most runs. The lines are put into the index by the product's own words and statement, not kept: 20,000,000 kept lines take an
 * hour to make, and a search reads none of them. Each word is asked for once, as the window asks, so that no mask is kept from before.
 */
import { copyFileSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Condition } from '../../src-main/contract/query.ts';
import type { LogLine } from '../../src-main/contract/run.ts';
import { foundInRuns } from '../../src-main/core/workers/found-in-runs.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { CHUNKS, indexed, searchSql, tableOf } from '../../src-main/store/search/search-tables.ts';
import { rowWords } from '../../src-main/store/search/texts.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { noise } from '../fixtures/synthetic-source.ts';
import { archiveOf, kept, sourceOf } from './archives.ts';
import { printed, quantile, type Figure } from './figures.ts';
import { wireRow } from './wire-rows.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const lines = Number(process.argv[3] ?? 20_000_000);
const figures: Figure[] = [];
const figure = (name: string, value: number, unit = 'ms') =>
  figures.push({
    bench: `search, ${rows.toLocaleString('en-US')} task runs, ${lines.toLocaleString('en-US')} log lines`,
    ...{ name, value, unit },
  });

/** Words by how common they are: the nth stands in about 1 of n lines, up to 1 of 20,000. */
const WORDS = 20_000;
const wordOf = (n: number): string => {
  let word = '';
  for (let left = n + 7; left > 0; left = Math.floor(left / 20))
    word += 'bcdfghjklmnprstvwxyz'[left % 20] + 'aeiou'[left % 5];
  return word;
};
const lineOf = (n: number): string => {
  const words = Array.from({ length: 9 }, (_, i) => wordOf(Math.floor(WORDS ** noise(n, i)) - 1));
  return `${words.join(' ')} ${Math.floor(noise(n, 20) * 1e6)}`;
};

async function searchArchive(): Promise<string> {
  const archive = await archiveOf(rows);
  return kept(`search-${lines}-${basename(archive)}`, (path) => {
    copyFileSync(archive, path, constants.COPYFILE_FICLONE);
    const db = new Sqlite(path);
    db.pragma('synchronous = off');
    const has = db.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(tableOf('log'));
    if (!has) db.exec(searchSql);
    const put = db.prepare(`REPLACE INTO ${tableOf('log')} (rowid, words) VALUES (?, ?)`);
    const each = lines / rows;
    for (let from = 1; from <= rows; from += 5_000)
      db.transaction(() => {
        for (let rid = from; rid < Math.min(rows + 1, from + 5_000); rid++) {
          const some = Array.from({ length: each }, (_, i) => lineOf(rid * each + i));
          put.run(rid * CHUNKS, indexed(some));
        }
      })();
    db.close();
  });
}

async function search(): Promise<void> {
  const path = await searchArchive();
  const before = statSync(await archiveOf(rows)).size;
  figure('index of the lines', (statSync(path).size - before) / lines, 'B/line');
  const reader = openReader(path);
  const engine = new Engine(reader, { dialect: 'sqlite' });
  engine.load();
  const sort = [{ field: 'expected_start_time', dir: 'desc' as const }];
  const ask = (where: Condition): number => {
    const began = performance.now();
    const { count, ...outcome } = engine.ask({ where, sort, now: 0 });
    outcome.slice(0, 200);
    engine.count('task_run', { log: '' }, 0); // of how many runs logs are kept is said beside it
    const millis = performance.now() - began;
    if (process.env.SAY) process.stderr.write(`${JSON.stringify(where)} ${count} ${millis.toFixed(1)}\n`);
    return millis;
  };
  ask({ and: [] });
  const timed = (name: string, questions: Condition[]) => {
    const times = questions.map(ask);
    figure(`${name} p50`, quantile(times, 0.5));
    figure(`${name} p95`, quantile(times, 0.95));
  };
  const words = (from: number, count: number) => Array.from({ length: count }, (_, i) => wordOf(from + i));
  timed(
    'a common word',
    words(0, 40).map((text) => ({ text })),
  );
  engine.apply({ batch: engine.version + 1, changed: {}, removed: {} });
  timed(
    'a common word again, rows have changed',
    words(20, 20).map((text) => ({ text })),
  );
  const changed = Array.from({ length: 100 }, (_, i) => Math.ceil(((i + 1) * rows) / 100));
  engine.apply({ batch: engine.version + 1, changed: {}, removed: {}, texts: changed });
  timed(
    'a common word again, lines of 100 runs have come',
    words(30, 10).map((text) => ({ text })),
  );
  timed(
    'two common words',
    words(40, 30).map((word, i) => ({ text: `${word} ${wordOf(70 + i)}` })),
  );
  timed(
    'a phrase of two common words',
    words(100, 30).map((word, i) => ({ text: `"${word} ${wordOf(130 + i)}"` })),
  );
  timed(
    'a rare word',
    words(5_000, 40).map((text) => ({ text })),
  );
  timed(
    'a word while it is typed',
    words(200, 10).flatMap((word) => [3, 4].map((length) => ({ text: word.slice(0, length) }))),
  );
  const marks: number[] = [];
  for (const word of words(60, 10)) {
    const { slice } = engine.ask({ where: { text: word }, sort, now: 0 });
    const ids = Array.from(slice(0, 50), (rid) => engine.idOf('task_run', rid));
    const began = performance.now();
    await foundInRuns(engine, reader, { search: { text: word, log: '' }, ids }, new AbortController().signal);
    marks.push(performance.now() - began);
  }
  figure('where 50 runs on screen were found p95', quantile(marks, 0.95));
  reader.close();
}

/** What the index costs when rows and lines are stored, and how long it takes to make it anew of what is kept. */
function ingest(): void {
  const dir = mkdtempSync(join(tmpdir(), 'taskscope-bench-'));
  try {
    const path = join(dir, 'a.sqlite');
    const writer = openWriter(path, { onChange: () => undefined });
    const source = sourceOf(rows);
    const count = 10_000;
    const part = 200;
    const texts = Array.from({ length: count }, (_, i) => wireRow(source, 'task_run', i + 1));
    const logs = Array.from({ length: count }, (_, run) =>
      Array.from({ length: 20 }, (__, i): LogLine => {
        const id = `00000000-0000-4000-8000-${String(run * 20 + i).padStart(12, '0')}`;
        return { id, name: 'prefect.task_runs', level: 20, message: lineOf(run * 20 + i), timestamp: i };
      }),
    );
    const time = (work: () => void) => {
      const began = performance.now();
      work();
      return performance.now() - began;
    };
    const parts = (work: (from: number) => void) =>
      time(() => {
        for (let from = 0; from < count; from += part) work(from);
      });
    const rowsTime = parts((from) =>
      writer.write({ batches: [encodeRows('task_run', texts.slice(from, from + part))] }),
    );
    const linesTime = time(() => {
      texts.forEach(({ value }, i) => {
        const logsOfRun = logs[i] ?? [];
        const nothing = { gap: null, kept: 0, count: null, fetched: 1, problem: null, missed: {} };
        writer.saveActivity(String(value['id']), { history: [], logs: logsOfRun, artifacts: [], ...nothing }, null);
      });
    });
    writer.close();

    const db = new Sqlite(join(dir, 'index.sqlite'));
    db.pragma('journal_mode = wal');
    db.pragma('synchronous = normal');
    db.exec(searchSql);
    const put = (table: 'task_run' | 'log') =>
      db.prepare(`REPLACE INTO ${tableOf(table)} (rowid, words) VALUES (?, ?)`);
    const [putRow, putLines] = [put('task_run'), put('log')];
    const wordsTime = parts((from) =>
      db.transaction(() => {
        for (let i = from; i < from + part; i++) {
          const words = rowWords('task_run', texts[i]?.value ?? {});
          if (words !== null) putRow.run(i + 1, words);
        }
      })(),
    );
    const indexTime = time(() => {
      logs.forEach((some, run) =>
        db.transaction(() => putLines.run((run + 1) * CHUNKS, indexed(some.map(({ message }) => message))))(),
      );
    });
    db.close();
    figure('rows stored', (rowsTime * 1000) / count, 'µs/row');
    figure('the index makes it slower by', (100 * wordsTime) / (rowsTime - wordsTime), '%');
    figure('lines stored', (linesTime * 1000) / (count * 20), 'µs/line');
    figure('the index makes that slower by', (100 * indexTime) / (linesTime - indexTime), '%');
    anew(path, count * 20);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The work of the background, without the pauses between two slices. */
function anew(path: string, lineCount: number): void {
  const db = new Sqlite(path);
  db.prepare("DELETE FROM meta WHERE key = 'search_rule'").run();
  db.close();
  const writer = openWriter(path, { onChange: () => undefined });
  const slices: number[] = [];
  for (let more = true; more;) {
    const began = performance.now();
    more = writer.indexTexts();
    slices.push(performance.now() - began);
  }
  writer.close();
  const all = slices.reduce((sum, slice) => sum + slice, 0);
  figure('made anew in the background, by lines', (all * 1000) / lineCount, 'µs/line');
  figure('the same, longest slice', Math.max(...slices));
}

ingest();
await search();
printed(figures);
