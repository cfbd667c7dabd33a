/** The disk is full, or read-only, in the middle of a sync of the whole core: it says so, loses nothing, and goes on by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noLimits } from '../fixtures/file-limit.ts';
import { inNamespace, inProcess, noMounts } from '../fixtures/mount-namespace.ts';
import { tempDir } from '../fixtures/temp-dir.ts';

const child = fileURLToPath(new URL('../fixtures/sync-room-child.ts', import.meta.url));
const RUNS = 6000;
const LIMIT = 50;

type Ended = { code: string | null; title: string; resumable: boolean; task_runs: number };
type Result = {
  full: Ended;
  again: Ended;
  readOnly: { code: string | null; task_runs: number } | null;
  withRoom: Ended;
  /** pages of task runs asked for after there was room */
  resumedPages: number;
};

const run = (dir: string, size: string, how: string): Promise<Result> =>
  how === 'limited' ? inProcess(child, dir, size, how) : inNamespace(child, dir, size, how);

for (const [size, how, says, skip] of [
  ['4m', 'running', /disk is full/, noMounts()],
  ['5m', 'running', /disk is full/, noMounts()],
  ['5m', 'restarted', /disk is full/, noMounts()],
  // no file may grow past it: the rows are in one, and the same is met where nothing can be mounted
  ['4000000', 'limited', /largest size allowed/, noLimits()],
] as const)
  test(
    `a disk of ${size} is full in the middle, ${how}: said, nothing lost, and it goes on by itself`,
    { skip },
    async (t) => {
      const { full, again, readOnly, withRoom, resumedPages } = await run(tempDir(t), size, how);
      assert.equal(full.code, 'DISK_FULL');
      assert.match(full.title, says);
      assert.ok(full.resumable);
      assert.ok(full.task_runs > 0 && full.task_runs < RUNS, `${full.task_runs} runs`);
      assert.equal(again.code, 'DISK_FULL');
      assert.ok(again.task_runs >= full.task_runs, 'a row was lost by trying again');
      if (how === 'restarted') assert.deepEqual(readOnly, { code: 'FOLDER_READ_ONLY', task_runs: again.task_runs });
      assert.equal(withRoom.code, null);
      assert.equal(withRoom.task_runs, RUNS);
      const left = RUNS - again.task_runs;
      // besides the rest: what was read and not kept, one page of each lane, and those of the passes after it
      assert.ok(resumedPages < left / (LIMIT - 1) + 30, `${resumedPages} pages for the last ${left} runs`);
      assert.ok(resumedPages < RUNS / (LIMIT - 1), `${resumedPages} pages: it began again`);
    },
  );
