/** A case file holds the chosen runs byte for byte and opens without a server; whatever else is handed over is refused with a sentence. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { ZipFile } from 'yazl';
import { errorWords } from '../../src-main/contract/error-words.ts';
import type { CaseAbout, CaseManifest } from '../../src-main/contract/case-file.ts';
import type { About } from '../../src-main/contract/note.ts';
import { AppError, type ErrorCode } from '../../src-main/contract/errors.ts';
import { createApp, type App } from '../../src-main/core/app.ts';
import { plainShell } from '../../src-main/core/shell.ts';
import { entities } from '../../src-main/contract/fields.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { syncedFolder, type Synced } from '../fixtures/synced-folder.ts';

const none = new AbortController().signal;
const quiet = () => undefined;
const RUNS = 30;
/** Text that would be something else than text in a page, a sheet or a terminal. */
const hostile = '<img src=x onerror=alert(1)>\u202e\u001b[31m=cmd';

let synced: Synced;
let dir = '';
let path = '';
let ids: string[] = [];
/** what was noted on: a run of the case, its flow run, and a run that is not in it */
let about: About[] = [];
let manifest: CaseAbout;
const tmpBefore = process.env.TMPDIR;

const start = (dataDir: string): Promise<App> =>
  createApp({ dataDir, shell: plainShell, log: quiet, syncOnOpen: false });

before(async () => {
  synced = await syncedFolder();
  dir = await mkdtemp(join(tmpdir(), 'taskscope-cases-'));
  process.env.TMPDIR = join(dir, 'tmp');
  await mkdir(process.env.TMPDIR);
  path = join(dir, 'Night <1>.taskscope');
  const app = await start(synced.copy('sender').data);
  try {
    const archive = await app.archive(synced.name);
    const where = { field: 'start_time', from: { ago: 1e18 } };
    ({ ids } = await archive.query.ids({ query: { where, sort: [] }, limit: RUNS }));
    keepLogs(app.paths.archive(app.workspaces.get(synced.name).file), ids[0]);
    const rows = await Promise.all(ids.map(async (id) => (await archive.query.run({ id })).row));
    const row = rows.find((one) => one.flow_run_id !== null)!;
    about = [
      { kind: 'task_run', id: row.id },
      { kind: 'flow_run', id: row.flow_run_id! },
      { kind: 'task_run', id: '00000000-0000-4000-8000-000000000000' },
    ];
    const text = { was: '', now: hostile };
    await app.handlers['note.change'](
      {
        workspace: synced.name,
        changes: about.map((one) => ({ ...one, text, bookmarked: true, seen: true as const })),
      },
      { signal: none },
    );
    // "seen" alone is this person's own affair
    const other = ids.find((id) => id !== row.id)!;
    await archive.query.changeNotes({ changes: [{ kind: 'task_run', id: other, seen: true }] });
    const view = { workspace: synced.name, ids, query: { where, sort: [] }, columns: ['name'] };
    const asked = { ...view, activity: true, notes: true };
    const place = { path, download: null, overwrite: true };
    for await (const item of app.cases.write(asked, place, none))
      if (item.kind === 'done') assert.deepEqual([item.contents.task_runs, item.contents.notes], [RUNS, 2]);
    const silent = { ...place, path: join(dir, 'silent.taskscope') };
    for await (const item of app.cases.write({ ...asked, activity: false, notes: false }, silent, none))
      if (item.kind === 'done') assert.equal(item.contents.notes, 0);
  } finally {
    await app.close();
  }
  assert.deepEqual(await readdir(process.env.TMPDIR), [], 'nothing is left of the making');
});
after(async () => {
  process.env.TMPDIR = tmpBefore;
  if (tmpBefore === undefined) delete process.env.TMPDIR;
  await rm(dir, { recursive: true, force: true });
  synced.remove();
});

/** As a sync by rule does, in another process. */
function keepLogs(archive: string, id: string): void {
  const writer = openWriter(archive, { onChange: quiet });
  const line = { id: 'a', name: 'prefect.task_runs', level: 40, message: hostile, timestamp: 1e15 };
  writer.saveActivity(
    id,
    {
      history: [{ id: 's', type: 'FAILED', name: 'Failed', timestamp: 1e15, message: hostile }],
      logs: [line],
      artifacts: [],
      gap: null,
      kept: 1,
      count: null,
      fetched: 1e15,
      problem: null,
      missed: {},
    },
    null,
  );
  writer.close();
}

describe('a case file', () => {
  let app: App;
  before(async () => {
    app = await start(join(dir, 'receiver'));
  });
  after(() => app.close());

  test('has the rows byte for byte, with their parents, logs and the view; nothing of it is written or synced', async () => {
    const opened = await app.cases.open(path);
    ({ manifest } = opened);
    const { entry } = opened;
    assert.equal(entry.name, 'Night -1-');
    assert.equal(manifest.server, null, 'the demo has no address');
    assert.match(JSON.stringify(manifest.view.query.where), /^\{"field":"start_time","from":-?\d+\.?\d*(e\+\d+)?\}$/);
    const mine = openReader(synced.copy('compared').archive);
    const theirs = openReader(app.paths.archive(entry.file));
    try {
      assert.equal(theirs.stats().rows.task_run, RUNS);
      for (const entity of entities) {
        const rows = [...theirs.rows(entity, 1, theirs.maxRid(entity))].filter(([, , known]) => known === 1);
        assert.ok(rows.length > 0, entity);
        for (const [rid] of rows) {
          const [json] = theirs.json(entity, [rid]);
          const { id } = JSON.parse(json) as { id: string };
          assert.deepEqual([json], mine.json(entity, [mine.ridOf(entity, id) ?? 0]));
        }
      }
    } finally {
      mine.close();
      theirs.close();
    }
    const archive = await app.archive(entry.name);
    const activity = await archive.activity({ id: ids[0], of: 'task_run', from: null, rest: false }, none);
    assert.deepEqual(
      activity.logs.map(({ message }) => message),
      [hostile],
    );
    assert.equal(activity.history[0].message, hostile);
    assert.throws(() => archive.startSync(), { code: 'CASE_READ_ONLY' });
    const noted = await app.handlers['note.read']({ workspace: entry.name, about }, { signal: none });
    assert.deepEqual(
      noted.map(({ kind, id, text, bookmarked, seen }) => ({ kind, id, text, bookmarked, seen })),
      about.slice(0, 2).map((one) => ({ ...one, text: hostile, bookmarked: true, seen: null })),
    );
    assert.equal(
      (await archive.query.ids({ query: { where: { field: 'note', contains: 'cmd' }, sort: [] }, limit: 9 })).count,
      1,
    );
    const change = { ...about[0], bookmarked: false };
    await assert.rejects(
      async () => app.handlers['note.change']({ workspace: entry.name, changes: [change] }, { signal: none }),
      { code: 'CASE_READ_ONLY' },
    );
    const silent = await app.cases.open(join(dir, 'silent.taskscope'));
    const unnoted = await app.handlers['note.read']({ workspace: silent.entry.name, about }, { signal: none });
    assert.deepEqual(unnoted, []);
    await app.handlers['workspace.remove']({ workspace: silent.entry.name, archive: true }, { signal: none });
    await assert.rejects(app.workspaces.update(entry.name, { paused: true }), { code: 'CASE_READ_ONLY' });
    assert.ok(!(await readFile(app.paths.workspaces, 'utf8').catch(() => '')).includes('Night'));
    const again = await app.cases.open(path);
    assert.equal(again.entry.name, 'Night -1- 2');
    for (const name of [entry.name, again.entry.name]) {
      await app.handlers['workspace.remove']({ workspace: name, archive: true }, { signal: none });
      assert.ok(!app.workspaces.list().some((one) => one.name === name));
    }
    assert.deepEqual(await readdir(process.env.TMPDIR!), []);
  });

  test('comes over piece by piece, whole or not at all', async () => {
    const bytes = await readFile(path);
    const half = Math.floor(bytes.length / 2);
    const piece = (from: number, to: number) => bytes.subarray(from, to).toString('base64');
    const receive = await app.cases.receive('a.taskscope', bytes.length);
    await app.cases.piece(receive, 0, piece(0, half));
    await assert.rejects(app.cases.piece(receive, 0, piece(0, half)), { code: 'BAD_INPUT' });
    await app.cases.piece(receive, half, piece(half, bytes.length));
    const { entry } = await app.cases.openReceived(receive);
    assert.equal(entry.name, 'a');
    await app.handlers['workspace.remove']({ workspace: 'a', archive: true }, { signal: none });
    const cut = await app.cases.receive('b.taskscope', bytes.length);
    await app.cases.piece(cut, 0, piece(0, half));
    await assert.rejects(app.cases.openReceived(cut), { code: 'CASE_REFUSED' });
  });

  describe('that is not what it should be', () => {
    let sqlite: Buffer;
    beforeEach(async () => {
      sqlite ??= await archiveIn(path, app);
    });

    /** A sentence, nothing left behind, no workspace. */
    async function refused(bytes: Buffer, why: RegExp, code: ErrorCode = 'CASE_REFUSED'): Promise<void> {
      const bad = join(dir, 'bad.taskscope');
      await writeFile(bad, bytes);
      const thrown: unknown = await app.cases.open(bad).then(
        () => null,
        (error: unknown) => error,
      );
      assert.ok(thrown instanceof AppError, 'it was opened');
      assert.equal(thrown.code, code, thrown.message);
      const { title, advice } = errorWords(thrown);
      assert.match(`${title}. ${advice}`, why);
      assert.deepEqual(await readdir(process.env.TMPDIR!), []);
      assert.deepEqual(
        app.workspaces.list().filter(({ kind }) => kind === 'case'),
        [],
      );
    }

    const good = (archive: Buffer): CaseManifest => ({
      ...manifest,
      notes: [],
      archive: { bytes: archive.length, sha256: createHash('sha256').update(archive).digest('hex') },
    });
    const whole = (archive: Buffer, change: object = {}) =>
      zipped({
        'manifest.json': Buffer.from(JSON.stringify({ ...good(archive), ...change })),
        'archive.sqlite': archive,
      });

    test('cut in half, empty, or no zip', async () => {
      const bytes = await readFile(path);
      await refused(bytes.subarray(0, bytes.length / 2), /cut off/);
      await refused(bytes.subarray(bytes.length / 2), /cannot be opened/);
      await refused(Buffer.alloc(0), /cut off/);
      await refused(Buffer.from('PK but no zip at all, and longer than the shortest zip there is'), /cut off/);
    });

    test('newer, or with a manifest that is none', async () => {
      await refused(await whole(sqlite, { version: 2 }), /newer Taskscope/, 'CASE_NEWER');
      await refused(await whole(sqlite, { format: 'x' }), /manifest/);
      await refused(await whole(sqlite, { contents: null }), /manifest/);
      const note = { kind: 'task_run', id: 'a', text: 'x', written: null, bookmarked: false, seen: null };
      for (const wrong of [
        { text: 'x'.repeat(10_001) },
        { kind: '__proto__' },
        { seen: '1' },
        { id: 'x'.repeat(2001) },
      ])
        await refused(await whole(sqlite, { notes: [{ ...note, ...wrong }] }), /manifest/);
      await refused(await whole(sqlite, { notes: Array.from({ length: 10_001 }, () => note) }), /manifest/);
      await refused(await zipped({ 'manifest.json': Buffer.from('{'), 'archive.sqlite': sqlite }), /not JSON/);
      await refused(await zipped({ 'manifest.json': Buffer.from('null'), 'archive.sqlite': sqlite }), /manifest/);
    });

    test('names that lead out, further files, a missing one, one twice', async () => {
      const text = Buffer.from(JSON.stringify(good(sqlite)));
      const named = async (name: string, instead: string) =>
        renamed(await zipped({ 'manifest.json': text, [name]: sqlite }), name, instead);
      await refused(await named('aa/archive.sqlite', '../archive.sqlite'), /cannot be opened/);
      await refused(await named('aaaaarchive.sqlite', '/tmp/rchive.sqlite'), /cannot be opened/);
      await refused(await named('aaarchive.sqlite', 'C:archive.sqlite'), /cannot be opened|no place/);
      await refused(await named('other.sqlite', 'other.sqlite'), /no place/);
      await refused(await zipped({ 'manifest.json': text, 'archive.sqlite': sqlite, x: text }), /holds 3 files/);
      await refused(await zipped({ 'manifest.json': text }), /holds 1 files/);
      await refused(await named('manifest.jsox', 'manifest.json'), /no place/);
    });

    test('wrong sizes and changed bytes', async () => {
      const zip = await whole(sqlite);
      await refused(resized(zip, 'archive.sqlite', sqlite.length + 1), /another length/);
      const longer = await whole(sqlite, { archive: { ...good(sqlite).archive, bytes: sqlite.length - 1 } });
      await refused(resized(longer, 'archive.sqlite', sqlite.length - 1), /cannot be opened/);
      await refused(await whole(sqlite, { archive: { bytes: sqlite.length, sha256: '0'.repeat(64) } }), /was changed/);
      const text = Buffer.from(JSON.stringify(good(sqlite)));
      const long = await zipped({ 'manifest.json': text, 'archive.sqlite': sqlite });
      await refused(resized(long, 'manifest.json', 9_000_000), /too long/);
    });

    test('a few bytes that claim to be very many', async () => {
      const zeros = Buffer.alloc(8_000_000);
      await refused(await whole(zeros), /claim to be very many/);
      // with a size that is a lie the stream is ended at the first byte too many
      const small = { archive: { bytes: 1000, sha256: '0'.repeat(64) } };
      await refused(resized(await whole(zeros, small), 'archive.sqlite', 1000), /cannot be opened/);
    });

    test('an archive that is damaged, of another program, or has more than rows in it', async () => {
      await refused(await whole(Buffer.from('no database')), /damaged, or not one/);
      const edited = (sql: string) => changed(sqlite, sql, dir);
      await refused(await whole(await edited('PRAGMA user_version = 9999')), /newer Taskscope/, 'CASE_NEWER');
      await refused(await whole(await edited('PRAGMA application_id = 1')), /not one/);
      const trap = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n';
      await refused(await whole(await edited(`CREATE VIEW more AS ${trap}`)), /not one/);
      await refused(
        await whole(await edited(`CREATE TRIGGER t AFTER INSERT ON task_run BEGIN ${trap}; END`)),
        /not one/,
      );
      await refused(await whole(await edited("UPDATE task_run_json SET z = x'00'")), /damaged/);
      const bytes = Buffer.from(sqlite);
      bytes.fill(0xff, 4096, 6000);
      await refused(await whole(bytes), /damaged/);
    });
  });
});

async function zipped(files: Record<string, Buffer>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, bytes] of Object.entries(files)) zip.addBuffer(bytes, name);
  zip.end();
  const parts: Buffer[] = [];
  for await (const part of zip.outputStream as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** Another name of the same length, in both places where a zip has names. */
function renamed(zip: Buffer, from: string, to: string): Buffer {
  assert.equal(from.length, to.length);
  const bytes = Buffer.from(zip);
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at);
  return bytes;
}

/** Another uncompressed size in the list of files, which is what readers go by. */
function resized(zip: Buffer, name: string, size: number): Buffer {
  const bytes = Buffer.from(zip);
  const header = bytes.lastIndexOf(name) - 46;
  assert.equal(bytes.readUInt32LE(header), 0x02014b50);
  bytes.writeUInt32LE(size, header + 24);
  return bytes;
}

async function archiveIn(path: string, app: App): Promise<Buffer> {
  const { entry } = await app.cases.open(path);
  const bytes = await readFile(app.paths.archive(entry.file));
  await app.handlers['workspace.remove']({ workspace: entry.name, archive: true }, { signal: none });
  return bytes;
}

async function changed(sqlite: Buffer, sql: string, dir: string): Promise<Buffer> {
  const path = join(dir, 'changed.sqlite');
  await writeFile(path, sqlite);
  const db = new Database(path);
  db.exec(sql);
  db.close();
  const bytes = await readFile(path);
  await rm(path);
  return bytes;
}
