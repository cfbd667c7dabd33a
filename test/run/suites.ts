/** Runs Node's tests and Playwright's specs, and reads their counts from a file that each writes. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runNode, runProgram, toolPath } from '../../src-main/shell/tasks/programs.ts';
import { usualClock, withClock, type Clock } from './clocks.ts';
import type { Counts } from './tally.ts';

export type Place = {
  root: string;
  /** a folder for the files of this run */
  scratch: string;
  env: NodeJS.ProcessEnv;
  /** run only files whose path has one of these; [] is all */
  words: string[];
};

/** Which files of a suite, and at which hour. */
type Part = {
  clock?: Clock;
  /** names of files; default: all */
  files?: readonly string[];
};

const none: Counts = { passed: 0, failed: 0, skipped: 0 };

const LONGEST = 15 * 60_000; // ms; a test file that takes longer hangs
/** Node's default is one less than there are processors. At least two run at once, since many wait for servers and programs they started. */
const FILES_AT_ONCE = Math.max(2, availableParallelism() - 1);

/** The *.test.ts under `folder`, in Node's own runner, straight from source; without a clock at the machine's hour. */
export async function runNodeTests(folder: string, place: Place, { clock, files: named }: Part = {}): Promise<Counts> {
  const { root, scratch, words } = place;
  const all = (await readdir(join(root, folder), { recursive: true })).filter((name) => name.endsWith('.test.ts'));
  const files = all
    .filter((name) => !named || named.includes(name))
    .map((name) => join(folder, name))
    .filter((path) => matches(path, words));
  if (files.length === 0) return none;
  console.log(`\n── ${folder}${clock ? ` ${saidOf(clock)}` : ''}`);
  const counts = join(scratch, `${folder.replaceAll('/', '-')}.json`);
  const code = await runProgram(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${FILES_AT_ONCE}`,
      `--test-timeout=${LONGEST}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${join(import.meta.dirname, 'count-reporter.ts')}`,
      `--test-reporter-destination=${counts}`,
      ...files.sort(),
    ],
    { cwd: root, env: clock ? withClock(place.env, clock) : place.env },
  );
  return read(counts, code, (text) => JSON.parse(text) as Counts);
}

/** The specs on every host, at the usual clock; or named ones at another clock, on the first host. */
export async function runE2e(place: Place, { clock = usualClock, files }: Part = {}): Promise<Counts> {
  const { root, scratch, words } = place;
  const chosen = files?.filter((name) => matches(name, words)) ?? words;
  if (files && chosen.length === 0) return none;
  console.log(`\n── test/e2e ${saidOf(clock)}`);
  const env = withClock(place.env, clock);
  const counts = join(scratch, 'e2e.json');
  const code = await runNode(
    toolPath(root, '@playwright/test', 'playwright'),
    [
      'test',
      '--config',
      'test/e2e/playwright.config.ts',
      '--reporter=list,json',
      ...(files ? ['--project=shell'] : []),
      ...chosen,
    ],
    { cwd: root, env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: counts, PLAYWRIGHT_JSON_OUTPUT_NAME: counts } },
  );
  return read(counts, code, (text) => {
    const { stats, errors } = JSON.parse(text) as PlaywrightReport;
    const failed = stats.unexpected + (stats.unexpected === 0 ? errors.length : 0);
    return { passed: stats.expected + stats.flaky, failed, skipped: stats.skipped };
  });
}

type PlaywrightReport = {
  stats: { expected: number; unexpected: number; flaky: number; skipped: number };
  errors: unknown[];
};

/** A runner that ended without counts, or with an exit code and no failed test, counts as one failure. */
async function read(path: string, code: number, parse: (text: string) => Counts): Promise<Counts> {
  const text = existsSync(path) ? (await readFile(path, 'utf8')).trim() : '';
  if (text === '') return { passed: 0, failed: 1, skipped: 0 };
  const counts = parse(text);
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function saidOf({ now, zone }: Clock): string {
  return `from ${now}, in ${zone}`;
}

function matches(path: string, words: string[]): boolean {
  return words.length === 0 || words.some((word) => path.includes(word));
}
