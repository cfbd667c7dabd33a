/** The file of notes: what is written is what is read, by this process and by another, and what is damaged is set aside and said. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { AppError, toAppError, type ErrorCode } from '../../src-main/contract/errors.ts';
import {
  isEmptyNote,
  MOST_NOTE,
  noNote,
  noteKey,
  type About,
  type Note,
  type NoteChange,
} from '../../src-main/contract/note.ts';
import { archiveFiles, nameInUse, removeArchiveFiles } from '../../src-main/store/file/files.ts';
import { NotesFile, notesPath } from '../../src-main/store/notes/notes-file.ts';
import { runSteps } from '../fixtures/run-steps.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import '../fixtures/ci-seed.ts';

const NOW = 1_700_000_000_000_000;
const A: About = { kind: 'task_run', id: '00000000-0000-4000-8000-00000000000a' };
const about = fc.constantFrom<About>(
  A,
  { kind: 'flow_run', id: A.id },
  { kind: 'failure', id: 'ValueError: <n> rows' },
  { kind: 'failure', id: "KeyError: 'é\0'" },
);
const text = fc.oneof(
  fc.constantFrom('', 'disk full', "o'quote\0nul\n", 'x'.repeat(MOST_NOTE)),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const sorted = (notes: Iterable<Note>) => [...notes].sort((a, b) => (noteKey(a) < noteKey(b) ? -1 : 1));
/** Written, and shown. */
function change(file: NotesFile, changes: readonly NoteChange[], now: number): { was: Note[]; notes: Note[] } {
  const { show, ...made } = runSteps(file.change(changes, now));
  show();
  return made;
}
const code = (work: () => unknown): ErrorCode | null => {
  try {
    work();
    return null;
  } catch (thrown) {
    return toAppError(thrown).code;
  }
};

test('any changes are kept, all or none, and read again as they were', (t) => {
  const oneChange = fc.record(
    { about, text, bookmarked: fc.boolean(), seen: fc.oneof(fc.constant(true as const), fc.nat(), fc.constant(null)) },
    { requiredKeys: ['about'] },
  );
  const dir = tempDir(t);
  let files = 0;
  fc.assert(
    fc.property(fc.array(fc.array(oneChange, { minLength: 1, maxLength: 4 }), { maxLength: 6 }), (calls) => {
      const path = join(dir, `${files++}.notes`);
      const { notes, notice } = NotesFile.open(path, null);
      assert.equal(notice, null);
      const model = new Map<string, Note>();
      calls.forEach((call, step) => {
        const changes = call.map(({ about: one, text: now, ...rest }): NoteChange => {
          return {
            ...one,
            ...rest,
            ...(now === undefined ? {} : { text: { was: model.get(noteKey(one))?.text ?? '', now } }),
          };
        });
        const now = NOW + step;
        const expected = call.map((one, i) => {
          const before = model.get(noteKey(one.about)) ?? noNote(one.about);
          const after = { ...before };
          // a call that names one thing twice has edited it from what was there before the call
          if (one.text !== undefined && one.text.toWellFormed() !== before.text) {
            const was = changes[i].text!.was;
            after.text = (
              one.text === was
                ? before.text
                : before.text === was || before.text === ''
                  ? one.text
                  : one.text === ''
                    ? before.text
                    : `${before.text}\n\n${one.text}`
            ).toWellFormed();
            if (after.text !== before.text) after.written = after.text === '' ? null : now;
          }
          if (one.bookmarked !== undefined) after.bookmarked = one.bookmarked;
          if (one.seen !== undefined) after.seen = one.seen === true ? now : one.seen;
          if (after.text.length <= MOST_NOTE) model.set(noteKey(after), after);
          return after;
        });
        if (expected.some((one) => one.text.length > MOST_NOTE)) {
          // nothing of the call is kept
          const kept = sorted(notes.all());
          assert.equal(
            code(() => change(notes, changes, now)),
            'BAD_INPUT',
          );
          assert.deepEqual(sorted(notes.all()), kept);
          model.clear();
          for (const one of kept) model.set(noteKey(one), one);
          return;
        }
        const made = change(notes, changes, now);
        assert.deepEqual(made.notes, expected);
        for (const [key, one] of model) if (isEmptyNote(one)) model.delete(key);
        assert.deepEqual(sorted(notes.all()), sorted(model.values()));
      });
      notes.close();
      const again = NotesFile.open(path, null);
      assert.equal(again.notice, null);
      assert.deepEqual(sorted(again.notes.all()), sorted(model.values()));
      again.notes.close();
    }),
    { numRuns: 60 },
  );
});

test('of two windows that edit one note at once, neither loses its text', (t) => {
  const { notes } = NotesFile.open(join(tempDir(t), 'a.notes'), null);
  const edit = (was: string, now: string) => change(notes, [{ ...A, text: { was, now } }], NOW).notes[0].text;
  assert.equal(edit('', 'one'), 'one');
  assert.equal(edit('', 'two'), 'one\n\ntwo', 'the second window had seen no note');
  assert.equal(edit('one\n\ntwo', 'both'), 'both');
  assert.equal(edit('one\n\ntwo', ''), 'both', 'a text that was not seen is not deleted');
  assert.equal(edit('both', 'both'), 'both');
  assert.equal(edit('older', 'older'), 'both', 'nothing was edited');
  notes.close();
});

test('the file is its owner’s, and is made by the first note', { skip: process.platform === 'win32' }, (t) => {
  const path = join(tempDir(t), 'a.notes');
  const { notes } = NotesFile.open(path, null);
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
  change(notes, [{ ...A, bookmarked: true }], NOW);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(path, '..')), ['a.notes'], 'nothing beside it');
  notes.close();
});

test('ten thousand notes are read and written; one more takes one row', (t) => {
  const path = join(tempDir(t), 'a.notes');
  const { notes } = NotesFile.open(path, null);
  const many = Array.from({ length: 10_000 }, (_, i): NoteChange => ({ kind: 'task_run', id: `run ${i}`, seen: true }));
  let steps = 0;
  const { show } = runSteps(notes.change(many, NOW), () => {
    steps += 1;
    assert.equal(notes.size, 0, 'none is shown before all are kept');
    assert.equal(NotesFile.open(path, new AppError('FOLDER_IN_USE', 'read only')).notes.size, 0, 'nor read elsewhere');
  });
  assert.ok(steps > 10);
  show();
  change(notes, [{ ...A, text: { was: '', now: 'one more' } }], NOW);
  notes.close();
  const again = NotesFile.open(path, null).notes;
  assert.equal(again.size, 10_001);
  assert.equal(again.get(A)?.text, 'one more');
});

test('a damaged file is set aside and said; in a window that only reads it stays', (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'a.notes');
  const first = NotesFile.open(path, null).notes;
  change(
    first,
    Array.from({ length: 500 }, (_, i): NoteChange => ({
      kind: 'failure',
      id: `f ${i}`,
      text: { was: '', now: 'x'.repeat(200) },
    })),
    NOW,
  );
  first.close();
  const sound = readFileSync(path);
  fc.assert(
    fc.property(fc.nat(sound.length - 1), fc.constantFrom('cut', 'zeros', 'text'), (at, how) => {
      for (const name of readdirSync(dir)) rmSync(join(dir, name));
      const bytes = Buffer.from(sound);
      if (how === 'zeros') bytes.fill(0, at, Math.min(at + 4096, bytes.length));
      writeFileSync(
        path,
        how === 'text'
          ? 'not a database, but long enough to be looked at'
          : how === 'cut'
            ? bytes.subarray(0, at)
            : bytes,
      );
      const reading = NotesFile.open(path, new AppError('FOLDER_IN_USE', 'read only'));
      assert.deepEqual(readdirSync(dir), ['a.notes'], 'only reading sets nothing aside');
      const { notes, notice } = NotesFile.open(path, null);
      if (notice === null) {
        assert.deepEqual(reading.notice, null);
        // nothing that matters was hit: free space, or all of the file
        change(notes, [{ ...A, bookmarked: true }], NOW);
        assert.equal(notes.get(A)?.bookmarked, true);
      } else {
        assert.equal(notice.code, 'FILE_SET_ASIDE');
        assert.equal(reading.notice?.code, 'FILE_SET_ASIDE');
        const aside = String(notice.details.set_aside);
        assert.ok(readdirSync(dir).includes(basename(aside)));
        assert.equal(notes.size, 0);
        change(notes, [{ ...A, bookmarked: true }], NOW);
        assert.equal(NotesFile.open(path, null).notes.size, 1);
      }
      notes.close();
    }),
    { numRuns: 25 },
  );
});

test('a file that is deleted or damaged under the open window is made anew with all notes', (t) => {
  const path = join(tempDir(t), 'a.notes');
  const { notes } = NotesFile.open(path, null);
  change(notes, [{ ...A, text: { was: '', now: 'kept' } }], NOW);
  rmSync(path);
  change(notes, [{ kind: 'flow_run', id: A.id, bookmarked: true }], NOW);
  assert.equal(NotesFile.open(path, null).notes.get(A)?.text, 'kept');
  notes.close();
});

test('a newer file is left as it is and nothing is written into it', (t) => {
  const path = join(tempDir(t), 'a.notes');
  const db = new Sqlite(path);
  db.pragma('user_version = 2');
  db.exec('CREATE TABLE another (x)');
  db.close();
  const bytes = readFileSync(path);
  const { notes, notice } = NotesFile.open(path, null);
  assert.equal(notice?.code, 'ARCHIVE_NEWER');
  assert.equal(
    code(() => change(notes, [{ ...A, bookmarked: true }], NOW)),
    'ARCHIVE_NEWER',
  );
  assert.deepEqual(readFileSync(path), bytes);
});

test('another process that only reads sees what is written', (t) => {
  const path = join(tempDir(t), 'a.notes');
  const reading = NotesFile.open(path, new AppError('FOLDER_IN_USE', 'read only')).notes;
  assert.equal(reading.isOld(), false);
  const { notes } = NotesFile.open(path, null);
  for (const bookmarked of [true, false]) {
    change(notes, [{ ...A, bookmarked, seen: 5 }], NOW);
    assert.equal(reading.isOld(), true);
    reading.renew().show();
    assert.equal(reading.get(A)?.bookmarked, bookmarked);
    assert.equal(notes.isOld(), false);
  }
  assert.equal(
    code(() => change(reading, [{ ...A, bookmarked: true }], NOW)),
    'FOLDER_IN_USE',
  );
  notes.close();
});

test('notes belong to their archive: they are listed and deleted with it, and its name is in use', (t) => {
  const dir = tempDir(t);
  const archive = join(dir, 'prod.sqlite');
  const { notes } = NotesFile.open(notesPath(archive), null);
  change(notes, [{ ...A, bookmarked: true }], NOW);
  notes.close();
  writeFileSync(`${notesPath(archive)}.unreadable-1700000000000`, 'x');
  writeFileSync(join(dir, 'prod.sqlite.notes.mine'), 'x');
  assert.deepEqual(
    archiveFiles(archive).map(({ path }) => basename(path)),
    ['prod.sqlite.notes', 'prod.sqlite.notes.unreadable-1700000000000'],
  );
  assert.ok(nameInUse(dir, 'prod.sqlite'));
  removeArchiveFiles(archive);
  assert.deepEqual(readdirSync(dir), ['prod.sqlite.notes.mine']);
});
