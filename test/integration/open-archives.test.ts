/** How long archives stay open: those nobody uses are closed, those that lose their file are closed and it is said. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { errorWords } from '../../src-main/contract/error-words.ts';
import { toAppError } from '../../src-main/contract/errors.ts';
import { workspaceInputSchema } from '../../src-main/contract/workspace.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { startDemo } from '../fixtures/demo/server.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import { until } from '../fixtures/until.ts';

const EPOCH = Date.UTC(2026, 5, 1) * 1000;
const RUNS = 60;
const never = { signal: new AbortController().signal };

/** Two synced workspaces, of which `still` is paused, and looks every 20 ms. */
async function withApp(idleAfter: number, work: (app: App) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'taskscope-open-'));
  const demo = await startDemo({ epoch: EPOCH, now: EPOCH, runs: RUNS, seed: 1 });
  const app = await createApp({ dataDir: dir, shell: plainShell, log: () => undefined, idleAfter, lookEvery: 20 });
  try {
    for (const name of ['still', 'going']) {
      const input = workspaceInputSchema.parse({ name, api_url: demo.apiUrl, auth: { kind: 'none' } });
      await app.handlers['workspace.add']({ ...input, archive: null }, never);
      const archive = await app.archive(name);
      await until(() => archive.sync.get().last_success !== null);
      await archive.settled();
      assert.equal(await count(app, name), RUNS);
    }
    await app.handlers['workspace.setPaused']({ workspace: 'still', paused: true }, never);
    await work(app);
  } finally {
    await app.close();
    await demo.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
const count = async (app: App, name: string) => (await (await app.archive(name)).query.stats({})).task_runs;

test('an archive that nobody uses is closed, unless it is watched or syncs by itself, and opens again when asked for', async () => {
  await withApp(1, async (app) => {
    const end = new AbortController();
    const watching = (async () => {
      for await (const _ of app.handlers['sync.watch']({ workspace: 'still' }, { signal: end.signal }));
    })();
    const going = await app.archive('going');
    const still = await app.archive('still');
    await new Promise((resolve) => setTimeout(resolve, 200)); // ten looks
    assert.equal(await app.archives.opened('still'), still, 'it is watched');
    end.abort();
    await watching.catch(() => undefined);
    await until(async () => (await app.archives.opened('still')) === null);
    assert.equal(await app.archives.opened('going'), going, 'it syncs by itself');
    assert.equal(await count(app, 'still'), RUNS);
  });
});

for (const what of ['archive', 'folder'] as const)
  test(`the ${what} is moved away while it is open: watchers are told, and it opens again when a person asks for it`, async () => {
    await withApp(1e6, async (app) => {
      const { path } = await app.archive('still');
      const lost = what === 'archive' ? path : dirname(path);
      const watching = (async () => {
        for await (const _ of app.handlers['sync.watch']({ workspace: 'still' }, never));
      })();
      const told = watching.then(
        () => null,
        (thrown: unknown) => toAppError(thrown),
      );
      renameSync(lost, `${lost}.away`);
      const error = await told;
      assert.equal(error?.code, 'ARCHIVE_REMOVED');
      assert.equal(error.details.path, path);
      await assert.rejects(app.archive('still'), { code: 'ARCHIVE_REMOVED' });
      rmSync(lost, { recursive: true, force: true });
      renameSync(`${lost}.away`, lost);
      await app.handlers['workspace.open']({ workspace: 'still' }, never);
      assert.equal(await count(app, 'still'), RUNS, 'put back, it is used');
    });
  });

test('a changed setting waits for no archive, and one that cannot be opened does not break it', async () => {
  await withApp(1e6, async (app) => {
    const { path } = await app.archive('still');
    await app.archives.close('still');
    rmSync(path, { force: true });
    mkdirSync(path); // a folder in the place of the file
    await assert.rejects(app.archive('still'));
    const opening = app.archive('still').catch(() => undefined);
    await app.handlers['settings.update']({ sync_every: 60 }, never);
    await app.handlers['workspace.setPace']({ workspace: 'still', sync_every: 90, metered: false }, never);
    await app.handlers['workspace.setPaused']({ workspace: 'still', paused: false }, never);
    await app.handlers['workspace.setDialect']({ workspace: 'still', dialect: 'postgres' }, never);
    await opening;
    assert.equal(app.workspaces.get('still').paused, false);
  });
});

test('saving a damaged archive is told, can be stopped, is cut short by closing, and loses nothing; the next opening saves it', async (t) => {
  const dir = tempDir(t);
  const lines: string[] = [];
  const create = () =>
    createApp({ dataDir: dir, shell: plainShell, syncOnOpen: false, log: (_, message) => lines.push(message) });
  const app = await create();
  t.after(() => app.close());
  const entry = await app.workspaces.add(
    workspaceInputSchema.parse({ name: 'w', api_url: 'http://127.0.0.1:9/api', auth: { kind: 'none' } }),
  );
  const path = app.paths.archive(entry.file);
  const writer = openWriter(path, { onChange: () => undefined });
  const rows = [...taskRuns(1, { rows: 12_000, flowRuns: 30 })];
  for (let at = 0; at < rows.length; at += 1000)
    writer.write({ batches: [encodeRows('task_run', rows.slice(at, at + 1000))] });
  writer.close();
  const size = Math.floor(statSync(path).size * 0.9);
  truncateSync(path, size);
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (thrown: unknown) => toAppError(thrown),
    );
  const asked = { workspace: 'w' };
  const stopped = failure(app.archive('w'));
  let seen: { rows: number; of: number | null } | null = null;
  for await (seen of app.handlers['workspace.salvage'](asked, { signal: AbortSignal.timeout(60_000) })) if (seen) break;
  assert.ok(seen && seen.rows <= 12_000 && (seen.of === null || seen.of >= 12_000), JSON.stringify(seen));
  assert.equal(
    (await app.handlers.hello({}, never)).workspaces[0]?.task_runs,
    null,
    'a window can be opened meanwhile',
  );
  await app.handlers['workspace.stopSalvage'](asked, never);
  for (const told of [await stopped, await failure(app.archive('w'))]) {
    assert.equal(told?.code, 'ARCHIVE_DAMAGED');
    assert.match(errorWords(told).advice, /was stopped, and .* was not changed/);
  }
  assert.equal(statSync(path).size, size, 'the damaged file is where it was');
  const opening = failure(Promise.resolve(app.handlers['workspace.open'](asked, never)));
  lines.length = 0;
  await until(() => lines.some((line) => line.includes('saving what can be read')));
  await app.close();
  assert.equal((await opening)?.code, 'DISCONNECTED');
  assert.equal(statSync(path).size, size, 'the damaged file is where it was');
  assert.ok(!readdirSync(dirname(path)).some((name) => name.includes('.damaged-')));
  const again = await create();
  try {
    const { notice } = await again.archive('w');
    assert.equal(notice?.code, 'ARCHIVE_DAMAGED');
    assert.ok(Number(notice.details.salvaged) > 6000, String(notice.details.salvaged));
    assert.ok(existsSync(String(notice.details.set_aside)) && !existsSync(`${path}.salvaging`));
  } finally {
    await again.close();
  }
});
