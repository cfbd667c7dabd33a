/**
 * The notes of one workspace, in a SQLite file of their own beside its archive: an archive that is damaged, deleted or made anew does not take
 * them along. The file is made by the first note. All notes are also kept in memory, some 200 B each, since the index asks for them by row.
 */
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { z } from 'zod';
import { AppError, toAppError } from '../../contract/errors.ts';
import {
  isEmptyNote,
  MOST_NOTE,
  noNote,
  noteKey,
  noteSchema,
  type About,
  type Note,
  type NoteChange,
} from '../../contract/note.ts';
import { storeError } from '../file/errors.ts';
import { createPrivate, makePrivate } from '../file/private.ts';

/** The file of the notes that belong to the archive at `archive`. */
export const notesPath = (archive: string): string => `${archive}.notes`;

/** Where the notes of a case file are, whose archive is at `archive`: JSON, since a database from elsewhere would have to be checked in full. */
export const caseNotesPath = (archive: string): string => `${archive}.notes.json`;

const VERSION = 1;
/** ms that another program's access to the file is waited for. */
const BUSY = 2000;
/** Notes written in one piece: about 5 ms. */
const AT_ONCE = 500;

const schemaSql = `
CREATE TABLE note (
  kind TEXT NOT NULL, -- task_run, flow_run or failure
  id TEXT NOT NULL, -- the run's id, or the failure
  text TEXT NOT NULL,
  written INTEGER, -- µs since 1970, of the text
  bookmarked INTEGER NOT NULL,
  seen INTEGER, -- µs since 1970
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
PRAGMA user_version = ${VERSION};
`;

const rowSchema = z
  .object({ ...noteSchema.shape, bookmarked: z.number() })
  .transform((row): Note => ({ ...row, bookmarked: row.bookmarked !== 0 }));

/** `show` puts what is written into memory. */
type Changed = { was: Note[]; notes: Note[]; show: () => void };

export class NotesFile {
  readonly #path: string;
  /** why notes cannot be changed; null: they can */
  #readOnly: AppError | null;
  #db: Database | null = null;
  #notes = new Map<string, Note>();
  /** what the file was when it was read last */
  #read = '';

  private constructor(path: string, readOnly: AppError | null) {
    this.#path = path;
    this.#readOnly = readOnly;
  }

  /**
   * Reads the file if there is one. `notice`: FILE_SET_ASIDE when it was damaged: it was set aside and there are no notes; with `readOnly` it
   * was left. A file that cannot be read for another reason is left as it is, and changes are refused with that reason.
   */
  static open(path: string, readOnly: AppError | null): { notes: NotesFile; notice: AppError | null } {
    const notes = new NotesFile(path, readOnly);
    return { notes, notice: notes.#load() };
  }

  /** Notes that are only read and stand in no file of this kind, as those of a case file. */
  static of(list: readonly Note[], readOnly: AppError): NotesFile {
    const notes = new NotesFile('', readOnly);
    notes.#notes = new Map(list.map((note) => [noteKey(note), note]));
    return notes;
  }

  /** Throws why they cannot be changed. */
  refuseReadOnly(): void {
    if (this.#readOnly) throw this.#readOnly;
  }

  all(): Iterable<Note> {
    return this.#notes.values();
  }

  get size(): number {
    return this.#notes.size;
  }

  get(about: About): Note | null {
    return this.#notes.get(noteKey(about)) ?? null;
  }

  /**
   * All changes or none, on the disk at its end: the notes as they were, and as they are now, in the order of the changes. The notes in memory
   * are the old ones until `show`. Other work may be done between two steps, but no other change begun. `now`: µs. Throws why the notes
   * are only read, DISK_FULL, FOLDER_READ_ONLY, FOLDER_IN_USE, BAD_INPUT for two texts that are too long together.
   */
  *change(changes: readonly NoteChange[], now: number): Generator<void, Changed, undefined> {
    this.refuseReadOnly();
    const next = new Map<string, Note>();
    const was: Note[] = [];
    const notes = changes.map((change) => {
      const key = noteKey(change);
      const before = next.get(key) ?? this.#notes.get(key) ?? noNote(change);
      const after = changed(before, change, now);
      was.push(before);
      next.set(key, after);
      return after;
    });
    yield* this.#keep(next);
    const show = () => {
      for (const [key, note] of next) {
        if (isEmptyNote(note)) this.#notes.delete(key);
        else this.#notes.set(key, note);
      }
    };
    return { was, notes, show };
  }

  /** Has another process changed the file since it was read? */
  isOld(): boolean {
    return this.#path !== '' && stampOf(this.#path) !== this.#read;
  }

  /** Reads the file again. `about`: of the notes there were and of those there are; these are in memory from `show` on. */
  renew(): { about: About[]; show: () => void } {
    const before = this.#notes;
    this.#load();
    const after = this.#notes;
    this.#notes = before;
    const show = () => {
      this.#notes = after;
    };
    return { about: [...new Map([...before, ...after]).values()], show };
  }

  close(): void {
    this.#db?.close();
    this.#db = null;
  }

  #load(): AppError | null {
    this.#read = stampOf(this.#path);
    this.#notes = new Map();
    if (this.#read === '') return null;
    try {
      if (this.#readOnly === null) makePrivate(this.#path);
      this.#notes = new Map(readNotes(this.#path).map((note) => [noteKey(note), note]));
      return null;
    } catch (thrown) {
      const error = storeError(thrown, this.#path);
      if (error.code === 'ARCHIVE_DAMAGED') return this.#setAside();
      this.#readOnly ??= error;
      return error;
    }
  }

  #setAside(): AppError {
    const path = this.#path;
    const content = `notes: ${statSync(path).size} bytes that are not a sound SQLite file`;
    if (this.#readOnly !== null)
      return new AppError('FILE_SET_ASIDE', `${path} cannot be understood: ${content}`, { path, content });
    const aside = `${path}.unreadable-${Date.now()}`;
    try {
      renameSync(path, aside);
    } catch (thrown) {
      return (this.#readOnly = storeError(thrown, path));
    }
    return new AppError('FILE_SET_ASIDE', `${path} cannot be understood: set aside as ${aside}, ${content}`, {
      path,
      set_aside: aside,
      content,
    });
  }

  /** A file that was deleted or damaged while it was open is made anew with all notes. Throws as `change`. */
  *#keep(next: ReadonlyMap<string, Note>): Generator<void, void, undefined> {
    const all = () => [...new Map([...this.#notes, ...next]).values()];
    try {
      if (this.#db === null || stampOf(this.#path) !== '') return yield* this.#store([...next.values()]);
      this.close();
      yield* this.#store(all());
    } catch (thrown) {
      if (toAppError(thrown).code !== 'ARCHIVE_DAMAGED') throw thrown;
      this.close();
      this.#setAside();
      this.refuseReadOnly();
      yield* this.#store(all());
    }
  }

  /** Throws as `change`, and ARCHIVE_DAMAGED. */
  *#store(notes: readonly Note[]): Generator<void, void, undefined> {
    try {
      yield* this.#write((this.#db ??= openDatabase(this.#path)), notes);
    } catch (thrown) {
      throw storeError(thrown, this.#path);
    }
    this.#read = stampOf(this.#path);
  }

  *#write(db: Database, notes: readonly Note[]): Generator<void, void, undefined> {
    const put = db.prepare('INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?, ?, ?)');
    const remove = db.prepare('DELETE FROM note WHERE kind = ? AND id = ?');
    db.exec('BEGIN IMMEDIATE');
    try {
      for (let at = 0; at < notes.length; at++) {
        if (at > 0 && at % AT_ONCE === 0) yield;
        const { kind, id, text, written, bookmarked, seen } = notes[at];
        if (isEmptyNote(notes[at])) remove.run(kind, id);
        else put.run(kind, id, text, written, bookmarked ? 1 : 0, seen);
      }
      db.exec('COMMIT');
    } finally {
      if (db.open && db.inTransaction) db.exec('ROLLBACK');
    }
  }
}

/** The notes beside the archive of a case file, which `Cases.open` has checked and put there. */
export function caseNotes(archive: string, readOnly: AppError): NotesFile {
  const path = caseNotesPath(archive);
  const list = existsSync(path) ? z.array(noteSchema).parse(JSON.parse(readFileSync(path, 'utf8'))) : [];
  return NotesFile.of(list, readOnly);
}

/** Without a log beside it the file alone holds every note, so it can be copied while Taskscope runs. A change takes two fsyncs. */
function openDatabase(path: string): Database {
  createPrivate(path);
  const db = new Sqlite(path, { timeout: BUSY });
  try {
    db.pragma('journal_mode = DELETE');
    db.pragma('synchronous = FULL');
    if (db.pragma('user_version', { simple: true }) === 0) db.transaction(() => db.exec(schemaSql))();
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** Rows that are no notes, as another program may have put them there, stay in the file and are not shown. Throws SQLite's errors, ARCHIVE_NEWER. */
function readNotes(path: string): Note[] {
  // a transaction that a crash has cut short is undone by a connection that may write
  const db = new Sqlite(path, { readonly: !existsSync(`${path}-journal`), fileMustExist: true, timeout: BUSY });
  try {
    const version = db.pragma('user_version', { simple: true }) as number;
    if (version > VERSION) throw new AppError('ARCHIVE_NEWER', `notes of version ${version}: ${path}`, { path });
    if (version === 0) return [];
    if (db.pragma('quick_check(1)', { simple: true }) !== 'ok')
      throw new AppError('ARCHIVE_DAMAGED', `${path} is damaged`, { path });
    return db
      .prepare('SELECT kind, id, text, written, bookmarked, seen FROM note')
      .all()
      .flatMap((row) => {
        const parsed = rowSchema.safeParse(row);
        return parsed.success ? [parsed.data] : [];
      });
  } finally {
    db.close();
  }
}

/** Differs after each change of the file; '' without one. */
function stampOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isFile() ? `${stats.ino} ${stats.size} ${stats.mtimeNs}` : '';
}

function changed(before: Note, { text, bookmarked, seen }: NoteChange, now: number): Note {
  const after = { ...before };
  if (bookmarked !== undefined) after.bookmarked = bookmarked;
  if (seen !== undefined) after.seen = seen === true ? now : seen;
  if (text !== undefined) {
    const wanted = merged(before.text, text.was, text.now).toWellFormed();
    if (wanted.length > MOST_NOTE)
      throw new AppError('BAD_INPUT', `a note has at most ${MOST_NOTE} characters`, {
        advice: `Another window has changed this note meanwhile, and together both texts have more than ${MOST_NOTE} characters. Shorten yours.`,
      });
    if (wanted !== before.text) {
      after.text = wanted;
      after.written = wanted === '' ? null : now;
    }
  }
  return after;
}

/** `kept`: what is in the file. Of two windows that edit one note at once, neither loses a text. */
function merged(kept: string, was: string, now: string): string {
  if (now === was || now === kept) return kept;
  if (kept === was || kept === '') return now;
  return now === '' ? kept : `${kept}\n\n${now}`;
}
