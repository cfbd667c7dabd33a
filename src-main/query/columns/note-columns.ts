/**
 * Fields of a run that a person's notes give it. A column is made when it is first asked for, and then follows new rows and changed notes, so
 * that a question about anything else costs nothing, and one about notes as much as there are notes. The note on a failure is the exception:
 * it stands with every run of that failure, and finding these takes a pass over all runs, 1 ms a million.
 */
import { fields, type Entity, type FieldInfo } from '../../contract/fields.ts';
import type { About, Note, NoteKind } from '../../contract/note.ts';
import { BooleanColumn, NumberColumn, TermColumn } from './columns.ts';
import { ALL, NEW } from './row-log.ts';
import type { Table } from './table.ts';

/** Where the notes are: a map in memory. */
export type NoteSource = { readonly size: number; get(about: About): Note | null; all(): Iterable<Note> };

export const noNotes: NoteSource = { size: 0, get: () => null, all: () => [] };

const FAILURE_NOTE = 'failure_note';
/** The value that a note gives to a field; null: none. */
const values: Readonly<Record<string, (note: Note) => string | number | boolean | null>> = {
  note: ({ text }) => text || null,
  [FAILURE_NOTE]: ({ text }) => text || null,
  bookmarked: ({ bookmarked }) => bookmarked,
  seen: ({ seen }) => seen !== null,
  seen_at: ({ seen }) => seen,
};

export const isNoteField = (field: string): boolean => Object.hasOwn(values, field);

/** Codes of a boolean column. */
const [NO, YES] = [1, 2];

type NoteColumn = TermColumn | BooleanColumn | NumberColumn;
/** `at`: place of the table's log up to which the column is updated; -1: not yet filled. `size`: rows it has; `noted`: some row may have a value. */
type Made = { column: NoteColumn; at: number; size: number; capacity: number; noted: boolean };

/**
 * Rows of one table that some notes are about. `own`: by their own ids, 0 for a run that is not there, with the notes' subjects at the same places in
 * `about`; `ofFailures`: by their failures. `failures`: there is a note on a failure among them. `at`: the place in the table's log as of which they were found.
 */
export type NotedRows = { own: number[]; about: About[]; ofFailures: number[]; failures: boolean; at: number };

/** Those that there are. */
export const rowsOf = ({ own, ofFailures }: NotedRows): number[] => [...own.filter((rid) => rid !== 0), ...ofFailures];

export class NoteColumns {
  readonly #table: Table;
  readonly #kind: NoteKind & Entity;
  readonly #source: () => NoteSource;
  readonly #ridOf: (id: string) => number | null;
  readonly #made = new Map<string, Made>();

  /** `ridOf`: of a row of the table, by its id. */
  constructor(table: Table, source: () => NoteSource, ridOf: (id: string) => number | null) {
    this.#table = table;
    this.#kind = table.entity as NoteKind & Entity;
    this.#source = source;
    this.#ridOf = ridOf;
  }

  has(field: string): boolean {
    return isNoteField(field) && Object.hasOwn(fields[this.#table.entity], field);
  }

  /** The note on a row; null: none. Without any notes not even the row's id is read. */
  of(rid: number): Note | null {
    const source = this.#source();
    return source.size === 0 ? null : source.get({ kind: this.#kind, id: this.#table.ids.text(rid) });
  }

  /** The note on the failure of a task run; null: none. */
  ofFailure(rid: number): Note | null {
    const source = this.#source();
    const { codes, dictionary } = this.#failures;
    if (source.size === 0 || codes[rid] === 0) return null;
    return source.get({ kind: 'failure', id: dictionary.texts[codes[rid]] });
  }

  noRows(): NotedRows {
    return { own: [], about: [], ofFailures: [], failures: false, at: this.#table.log.end };
  }

  /** Finds the rows that these notes are about, adds them to `found` and returns them. */
  find(notes: readonly About[], found: NotedRows): number[] {
    const rids: number[] = [];
    for (const one of notes) {
      if (one.kind !== this.#kind) continue;
      const rid = this.#ridOf(one.id) ?? 0;
      found.own.push(rid);
      found.about.push(one);
      if (rid !== 0) rids.push(rid);
    }
    if (this.#kind !== 'task_run' || !notes.some(({ kind }) => kind === 'failure')) return rids;
    found.failures = true;
    const { codes, dictionary } = this.#failures;
    const wanted = new Uint8Array(dictionary.texts.length);
    for (const { kind, id } of notes) if (kind === 'failure') wanted[dictionary.find(id)] = 1;
    wanted[0] = 0;
    for (let rid = 1; rid < this.#table.size; rid++) {
      if (wanted[codes[rid]] !== 1) continue;
      found.ofFailures.push(rid);
      rids.push(rid);
    }
    return rids;
  }

  /**
   * Corrects what was found where commits have changed rows since: a row may be another run's, and a note's run may have come. Returns false
   * when too much has changed to say so.
   */
  findAgain(found: NotedRows): boolean {
    const { log } = this.#table;
    const changed = log.since(found.at, ALL);
    if (changed === null) return false;
    if (changed.length === 0) return true;
    const moved = new Set(changed);
    found.own.forEach((rid, i) => {
      if (rid === 0 || moved.has(rid)) found.own[i] = this.#ridOf(found.about[i].id) ?? 0;
    });
    if (found.failures) for (const rid of changed) found.ofFailures.push(rid);
    found.at = log.end;
    return true;
  }

  /** Takes in notes that have changed, with the rows found for them. Rows with another value are in the log, so that orders by it move them. */
  changed({ own, about, failures }: NotedRows): void {
    const source = this.#source();
    const notes = about.map((one) => source.get(one));
    for (const [field, made] of this.#made) {
      if (field !== FAILURE_NOTE)
        this.#log(own.filter((rid, i) => rid !== 0 && rid < made.size && this.#put(field, made, rid, notes[i])));
      else if (failures) this.#log(this.#fillFailures(made));
    }
  }

  /** The column as of now. Rows that are new to it have their value. */
  column(field: string): NoteColumn {
    const { capacity, log, size } = this.#table;
    let made = this.#made.get(field);
    if (!made) {
      const column = makeColumn(field, this.#table);
      this.#made.set(field, (made = { column, at: -1, size: 0, capacity, noted: false }));
    }
    if (made.at === log.end) return made.column;
    if (made.capacity < capacity) {
      made.column.grow(capacity);
      made.capacity = capacity;
    }
    // row 0 stands for a missing parent, which has no value
    if (made.column.kind === 'boolean') made.column.codes.fill(NO, Math.max(1, made.size), size);
    const first = made.at < 0;
    made.size = size;
    if (field === FAILURE_NOTE) {
      const moved = this.#fillFailures(made);
      if (!first) this.#log(moved);
    } else {
      const rows = first ? null : log.since(made.at, NEW);
      if (rows === null) this.#fill(field, made);
      else if (made.noted || this.#source().size > 0) for (const rid of rows) this.#set(field, made, rid);
    }
    made.at = log.end;
    return made.column;
  }

  get #failures(): TermColumn {
    return this.#table.columns.get('failure') as TermColumn;
  }

  /** Computed fields have the bit of the state in the log (Table.bitsOfField). */
  #log(rids: readonly number[]): void {
    const { log } = this.#table;
    const bit = this.#table.bitOf(this.#table.columns.get('state_type') as TermColumn);
    for (const rid of rids) log.add(rid, bit);
    log.trim();
  }

  #fill(field: string, made: Made): void {
    const { column } = made;
    if (made.noted) {
      if (column.kind === 'number') column.values.fill(NaN);
      else column.codes.fill(column.kind === 'boolean' ? NO : 0);
    }
    for (const note of this.#source().all()) {
      const rid = note.kind === this.#kind ? this.#ridOf(note.id) : null;
      if (rid !== null && rid < made.size) this.#put(field, made, rid, note);
    }
  }

  /** Returns true when the row has another value than before. */
  #set(field: string, made: Made, rid: number): boolean {
    return this.#put(field, made, rid, this.of(rid));
  }

  #put(field: string, made: Made, rid: number, note: Note | null): boolean {
    const { column } = made;
    const value = note && values[field](note);
    if (value !== null && value !== false) made.noted = true;
    if (column.kind === 'number') return column.set(rid, typeof value === 'number' ? value : NaN);
    if (column.kind === 'term') return column.set(rid, typeof value === 'string' ? column.dictionary.ofText(value) : 0);
    const code = value === true ? YES : NO;
    if (column.codes[rid] === code) return false;
    column.codes[rid] = code;
    return true;
  }

  /** Returns the rows that have another value than before. */
  #fillFailures(made: Made): number[] {
    const column = made.column as TermColumn;
    const { codes, dictionary } = this.#failures;
    const source = this.#source();
    /** code of the note by code of the failure */
    const noted = new Uint32Array(dictionary.texts.length);
    for (let code = 1; source.size > 0 && code < noted.length; code++) {
      const text = source.get({ kind: 'failure', id: dictionary.texts[code] })?.text ?? '';
      if (text !== '') noted[code] = column.dictionary.ofText(text);
    }
    const some = noted.some((code) => code !== 0);
    if (!some && !made.noted) return [];
    made.noted = some;
    const moved: number[] = [];
    for (let rid = 1; rid < made.size; rid++)
      if (column.codes[rid] !== noted[codes[rid]] && column.set(rid, noted[codes[rid]])) moved.push(rid);
    return moved;
  }
}

function makeColumn(field: string, { arena, capacity, entity }: Table): NoteColumn {
  const { kind } = (fields[entity] as Record<string, FieldInfo>)[field];
  if (kind === 'boolean') return new BooleanColumn(arena, capacity);
  return kind === 'time' ? new NumberColumn(arena, capacity) : new TermColumn(arena, capacity);
}
