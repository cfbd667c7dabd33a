/**
 * `npm test`: everything, in one go, on a bare machine. Finds or fetches what the tests need, then runs checks, unit,
 * integration, build and e2e. The last line is the sum over all of them: `N passed, N failed, N skipped`.
 *
 * `npm test -- --only unit,e2e [WORD …]` runs parts, and of these only the files whose path has one of the words.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isFresh } from '../src-main/shell/freshness.mjs';
import { run as build } from '../src-main/shell/tasks/build.ts';
import { checks } from '../src-main/shell/tasks/check.ts';
import { otherClocks } from './run/clocks.ts';
import { findOrFetchChromium } from './run/chromium.ts';
import { findOrInstallPostgres } from './run/postgres.ts';
import { findOrMakeNewest, findOrMakePrefect } from './run/prefect.ts';
import { findOrInstallSqlite } from './run/sqlite.ts';
import { findOffice } from './run/office.ts';
import { findOrMakeReaders } from './run/readers.ts';
import { runE2e, runNodeTests } from './run/suites.ts';
import { Tally } from './run/tally.ts';

const parts = ['check', 'unit', 'integration', 'e2e'] as const;
type Part = (typeof parts)[number];

/** The files whose subject is the demo's story or a time as people read it: they run at several hours, in several zones. */
const clockTests = {
  unit: [
    'demo-story.test.ts',
    'format.test.ts',
    'histogram-layout.test.ts',
    'prefect-values.test.ts',
    'query-new.test.ts',
    'query-text.test.ts',
    'schedule.test.ts',
    'time.test.ts',
    'wall-clock.test.ts',
    'window-conditions.test.ts',
    'window-sync.test.ts',
    'window-words.test.ts',
  ],
  e2e: ['compare.spec.ts', 'demo.spec.ts', 'failures.spec.ts'],
};

/** Resolves to the exit code. */
export async function run(root: string, args: string[]): Promise<number> {
  const { wanted, words } = choose(args);
  const tally = new Tally();
  const scratch = await mkdtemp(join(tmpdir(), 'taskscope-test-run-'));
  const env = cleanEnvironment(process.env);
  // several hundred processes of a run load the same files: a command takes 1.4 s of a core instead of 2.1 s when Node finds them stripped and compiled
  env.NODE_COMPILE_CACHE = join(scratch, 'compiled');
  const place = { root, scratch, env, words };
  try {
    if (wanted.has('integration') || wanted.has('e2e')) {
      const python = await findOrMakePrefect();
      if (python.path) env.TASKSCOPE_PREFECT_PYTHON = python.path;
      told('real Prefect', python, tally);
    }
    // installed while checks and unit tests run
    const newest = wanted.has('integration') ? findOrMakeNewest() : null;
    if (wanted.has('integration')) {
      const postgres = await findOrInstallPostgres();
      if (postgres.path) env.TASKSCOPE_POSTGRES_BIN = postgres.path;
      told('PostgreSQL', postgres, tally, 'welcome');
      const sqlite = await findOrInstallSqlite();
      if (sqlite.path) env.TASKSCOPE_SQLITE3 = sqlite.path;
      told('sqlite3', sqlite, tally);
      const readers = await findOrMakeReaders();
      if (readers.path) env.TASKSCOPE_READERS_PYTHON = readers.path;
      told('openpyxl', readers, tally);
      const office = await findOffice();
      if (office.path) env.TASKSCOPE_SOFFICE = office.path;
      told('LibreOffice', office, tally, 'welcome');
    }
    let chromium = null;
    if (wanted.has('e2e')) {
      const found = await findOrFetchChromium(root);
      chromium = found.path;
      if (found.path) env.TASKSCOPE_CHROMIUM = found.path;
      told('Chromium', found, tally);
    }
    if (wanted.has('check')) for (const check of checks) await tally.one(`check ${check.name}`, () => check.run(root));
    if (wanted.has('unit')) {
      tally.add('unit', await runNodeTests('test/unit', place));
      for (const clock of otherClocks)
        tally.add(`unit from ${clock.now}`, await runNodeTests('test/unit', place, { clock, files: clockTests.unit }));
    }
    if (newest) {
      const python = await newest;
      if (python.path) env.TASKSCOPE_NEWEST_PREFECT_PYTHON = python.path;
      told('newest Prefect', python, tally, python.why.endsWith('newest') ? 'welcome' : 'required');
    }
    if (wanted.has('integration')) tally.add('integration', await runNodeTests('test/integration', place));
    if (wanted.has('e2e')) {
      const built = isFresh(root) || (await tally.one('build', () => build(root, ['--logLevel', 'warn'])));
      if (!built) tally.skip('e2e', 'the build failed');
      else if (chromium) {
        tally.add('e2e', await runE2e(place));
        for (const clock of otherClocks)
          tally.add(`e2e from ${clock.now}`, await runE2e(place, { clock, files: clockTests.e2e }));
      }
    }
  } catch (thrown) {
    console.error(thrown);
    tally.fail('test run', String(thrown));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  console.log(tally.lines().join('\n'));
  console.log(tally.total());
  return tally.failed === 0 ? 0 : 1;
}

function choose(args: string[]): { wanted: Set<Part>; words: string[] } {
  const { values, positionals } = parseArgs({
    args,
    options: { only: { type: 'string', multiple: true } },
    allowPositionals: true,
  });
  const named = (values.only ?? []).flatMap((list) => list.split(','));
  const unknown = named.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) throw new Error(`--only takes ${parts.join(', ')}, not ${unknown.join(', ')}`);
  return { wanted: new Set(named.length > 0 ? (named as Part[]) : parts), words: positionals };
}

/** Without the variables of a developer's own Prefect profile and Taskscope folder, which would change what tests do. */
function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const dropped = /^(PREFECT_|TASKSCOPE_DATA_DIR$|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !dropped.test(name)));
}

/** A missing required program skips its tests on a developer's machine and fails in CI, where nobody would see the skip. */
function told(
  what: string,
  found: { path: string | null; why: string },
  tally: Tally,
  need: 'required' | 'welcome' = 'required',
): void {
  if (found.path) console.log(`set-up: ${what}: ${found.path}`);
  else if (need === 'required' && process.env.CI === 'true') tally.fail(what, found.why);
  else tally.skip(what, found.why);
}
