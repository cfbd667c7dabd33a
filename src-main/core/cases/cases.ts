/** Case files: writing one of chosen runs, and opening one that somebody handed over. */
import { randomUUID } from 'node:crypto';
import { open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  CASE_ENDING,
  CASE_VERSION,
  MOST_CASE_NOTES,
  type CaseAbout,
  type CaseContents,
  type CaseManifest,
} from '../../contract/case-file.ts';
import { AppError, toAppError, type ErrorCode } from '../../contract/errors.ts';
import type { Note } from '../../contract/note.ts';
import { instantAt, type Condition, type Instant, type Query } from '../../contract/query.ts';
import { formatTime } from '../../contract/time.ts';
import type { Archives } from '../archive/archives.ts';
import type { Archive } from '../archive/archive.ts';
import { PRIVATE_FILE } from '../../store/file/private.ts';
import { caseNotesPath } from '../../store/notes/notes-file.ts';
import type { SavePlace } from '../shell.ts';
import { VERSION } from '../version.ts';
import type { Entry, Workspaces } from '../workspaces/workspaces.ts';
import { caseFolder } from './case-folder.ts';
import { digestOf, readCase, writeCase } from './zip.ts';

/** Bytes of a case file that the window sends. */
const MOST_RECEIVED = 4_000_000_000;
/** Bytes of notes in a case file, of the 8 MB that its manifest may have. */
const MOST_NOTE_BYTES = 6_000_000;
/** µs; from then on there are no lines: they are read into the archive and not handed on. */
const NO_LINES = Number.MAX_SAFE_INTEGER;
/** Runs whose activity is read at once. */
const AT_ONCE = 2;
/** After one of these the server is not asked again. */
const hopeless: readonly ErrorCode[] = [
  'SERVER_UNREACHABLE',
  'SERVER_TIMEOUT',
  'SERVER_TLS',
  'SERVER_UNAUTHORIZED',
  'SERVER_FORBIDDEN',
  'SERVER_NOT_PREFECT',
  'SECRET_MISSING',
  'FOLDER_IN_USE',
  'CASE_READ_ONLY',
];

type Asked = {
  workspace: string;
  ids: string[];
  query: Query;
  columns: string[];
  activity: boolean;
  notes: boolean;
};
type Progress = { kind: 'progress'; step: 'read' | 'write'; done: number; total: number };
type Done = {
  kind: 'done';
  contents: CaseContents;
  unread: number;
  bytes: number;
  path: string;
  download: string | null;
};

type Received = { name: string; file: FileHandle; path: string; folder: string; bytes: number; got: number };

export class Cases {
  readonly #workspaces: Workspaces;
  readonly #archives: Archives;
  readonly #opened = new Map<string, { manifest: CaseAbout; folder: string }>();
  readonly #receiving = new Map<string, Received>();

  constructor(workspaces: Workspaces, archives: Archives) {
    this.#workspaces = workspaces;
    this.#archives = archives;
  }

  async preview(workspace: string, ids: string[]): Promise<{ contents: CaseContents; unread: number }> {
    const { contents, unread } = await (await this.#archives.get(workspace)).query.caseContents({ ids });
    return { contents, unread: unread.length };
  }

  async *write(
    { workspace, ids, query, columns, activity, notes: withNotes }: Asked,
    { path, download, overwrite }: SavePlace,
    signal: AbortSignal,
  ): AsyncGenerator<Progress | Done, void, undefined> {
    const entry = this.#workspaces.get(workspace);
    const archive = await this.#archives.get(workspace);
    if (activity) yield* readMissing(archive, ids, signal);
    const { contents, unread } = await archive.query.caseContents({ ids }, { signal });
    const folder = await caseFolder();
    try {
      const copy = join(folder, 'archive.sqlite');
      for await (const { done, total } of archive.query.caseArchive({ ids, path: copy, activity }, { signal }))
        yield { kind: 'progress', step: 'write', done, total };
      const notes = withNotes ? await archive.query.caseNotes({ ids }, { signal }) : [];
      refuseLong(notes);
      const none = { with_activity: 0, states: 0, log_lines: 0, artifacts: 0 };
      const held = { ...contents, ...(activity ? {} : none), notes: notes.length };
      const now = Date.now() * 1000;
      const manifest: CaseManifest = {
        format: 'taskscope-case',
        version: CASE_VERSION,
        made: formatTime(now),
        app: VERSION,
        workspace,
        server: entry.kind === 'demo' ? null : addressOnly(entry.api_url),
        dialect: entry.dialect,
        view: { query: { ...query, where: atMoment(query.where, now) }, columns },
        contents: held,
        archive: await digestOf(copy),
        notes,
      };
      const bytes = await writeCase(path, manifest, copy, { signal, overwrite });
      yield { kind: 'done', contents: held, unread: activity ? unread.length : 0, bytes, path, download };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** A file that the window sends piece by piece. */
  async receive(name: string, bytes: number): Promise<string> {
    if (bytes > MOST_RECEIVED) throw refused('it is too long to be opened this way; use “taskscope open”');
    const folder = await caseFolder();
    const path = join(folder, 'received.zip');
    const receive = randomUUID();
    this.#receiving.set(receive, { name, file: await open(path, 'wx', 0o600), path, folder, bytes, got: 0 });
    return receive;
  }

  /** Throws BAD_INPUT for a piece that is not the next one. */
  async piece(receive: string, at: number, base64: string): Promise<void> {
    const one = this.#receiving.get(receive);
    const piece = Buffer.from(base64, 'base64');
    if (!one || at !== one.got || at + piece.length > one.bytes) throw new AppError('BAD_INPUT', 'not the next piece');
    one.got += piece.length;
    await one.file.writeFile(piece);
  }

  async openReceived(receive: string): Promise<{ entry: Entry; manifest: CaseAbout }> {
    const one = this.#receiving.get(receive);
    if (!one) throw new AppError('NOT_FOUND', 'nothing was received');
    this.#receiving.delete(receive);
    try {
      await one.file.close();
      if (one.got !== one.bytes) throw refused('it did not come over whole');
      return await this.open(one.path, one.name);
    } finally {
      await rm(one.folder, { recursive: true, force: true });
    }
  }

  /** Opens the case file at `path`, checked in full. Throws CASE_REFUSED, CASE_NEWER, NOT_FOUND, DISK_FULL, ARCHIVE_NEWER, ARCHIVE_DAMAGED. */
  async open(path: string, name = basename(path)): Promise<{ entry: Entry; manifest: CaseAbout }> {
    const folder = await caseFolder();
    let entry: Entry | null = null;
    try {
      const {
        archive,
        manifest: { notes, ...manifest },
      } = await readCase(path, folder);
      await writeFile(caseNotesPath(archive), JSON.stringify(notes), { mode: PRIVATE_FILE });
      entry = this.#workspaces.addCase({
        wanted: caseName(name),
        file: archive,
        api_url: manifest.server ?? '',
        dialect: manifest.dialect,
      });
      await this.#archives.get(entry.name);
      this.#opened.set(entry.name, { manifest, folder });
      return { entry, manifest };
    } catch (thrown) {
      if (entry) {
        await this.#archives.close(entry.name);
        await this.#workspaces.remove(entry.name);
      }
      await rm(folder, { recursive: true, force: true });
      const error = toAppError(thrown);
      // the archive in it is newer or damaged: the words of an archive of one's own would send the person to a file they do not have
      if (error.code === 'ARCHIVE_NEWER') throw new AppError('CASE_NEWER', error.message, {}, error);
      if (error.code === 'ARCHIVE_DAMAGED')
        throw refused('the archive in it is damaged, or not one of Taskscope’s', error);
      throw error;
    }
  }

  /** Throws NOT_FOUND. */
  manifestOf(workspace: string): CaseAbout {
    const known = this.#opened.get(workspace);
    if (!known) throw new AppError('NOT_FOUND', `${workspace} is no case file`, { workspace });
    return known.manifest;
  }

  /** The workspace is no longer one. */
  async forget(workspace: string): Promise<void> {
    const known = this.#opened.get(workspace);
    this.#opened.delete(workspace);
    if (known) await rm(known.folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const { file, folder } of this.#receiving.values()) {
      await file.close().catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    }
    for (const workspace of [...this.#opened.keys()]) await this.forget(workspace);
  }
}

/** A manifest is read whole, before anything else of a case file. */
function refuseLong(notes: readonly Note[]): void {
  const bytes = Buffer.byteLength(JSON.stringify(notes, null, 2));
  if (bytes <= MOST_NOTE_BYTES && notes.length <= MOST_CASE_NOTES) return;
  throw new AppError('BAD_INPUT', `the notes have ${bytes} bytes`, {
    advice: 'The notes on these runs are too long for one case file. Choose fewer runs, or leave the notes out.',
  });
}

const refused = (why: string, cause?: unknown): AppError => new AppError('CASE_REFUSED', why, { why }, cause);

/** Reads the states, logs and artifacts of runs of which none are kept, as long as the server answers. */
async function* readMissing(archive: Archive, ids: string[], signal: AbortSignal): AsyncGenerator<Progress> {
  const { unread } = await archive.query.caseContents({ ids }, { signal });
  const total = unread.length;
  for (let at = 0; at < total; at += AT_ONCE) {
    yield { kind: 'progress', step: 'read', done: at, total };
    const read = await Promise.all(
      unread
        .slice(at, at + AT_ONCE)
        .map((id) => archive.activity({ id, of: 'task_run', from: NO_LINES, rest: false }, signal)),
    );
    signal.throwIfAborted();
    if (read.some(({ problem }) => problem !== null && hopeless.includes(problem.code))) return;
  }
}

/** A name for the workspace, as those have them. */
function caseName(file: string): string {
  const plain = basename(file, CASE_ENDING)
    .replace(/[^A-Za-z0-9 ._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 50)
    .trim();
  return plain === '' ? 'Case' : plain;
}

function addressOnly(address: string): string | null {
  try {
    const url = new URL(address);
    url.username = url.password = url.search = url.hash = '';
    return url.href;
  } catch {
    return null;
  }
}

/** Relative times as the moments they were: a case is read days later. */
function atMoment(one: Condition, now: number): Condition {
  const fixed = (end: Instant) => instantAt(end, now);
  if ('and' in one) return { and: one.and.map((part) => atMoment(part, now)) };
  if ('or' in one) return { or: one.or.map((part) => atMoment(part, now)) };
  if ('not' in one) return { not: atMoment(one.not, now) };
  if ('has' in one) return { has: one.has, where: atMoment(one.where, now) };
  if (!('field' in one) || !('from' in one || 'to' in one)) return one;
  const { field, from, to } = one;
  return {
    field,
    ...(from === undefined ? {} : { from: fixed(from) }),
    ...(to === undefined ? {} : { to: fixed(to) }),
  };
}
