/** What the columns of an export read: fields from the index, everything else from the rows' JSON and what is kept of the runs. */
import { AppError } from '../../../contract/errors.ts';
import { jsonPlace, moreColumns, type ExportColumn } from '../../../contract/export.ts';
import { fields, type Entity } from '../../../contract/fields.ts';
import { memberSpans, splitArray } from '../../../contract/json-text.ts';
import type { Value } from '../../../export/cells.ts';
import type { Reader } from '../../../store/read/reader.ts';
import type { Snapshot } from './snapshot.ts';

/** The values of some rows: an array for each column. */
export type ValueReader = (rids: readonly number[]) => Value[][];
/** One column of some rows. */
type ColumnReader = (rids: readonly number[], texts: JsonTexts) => Value[];
/** The JSON of the rows of a piece, or of the parents they name; read once for all columns. */
type JsonTexts = (entity: Entity) => string[];

const NO_ROW = 'null';
/** Rows of which one must have the key that a JSON path begins with. */
const SAMPLE = 200;
/** Python's level of errors. */
const ERROR = 40;

/** Throws BAD_INPUT for a column whose name is neither a field nor a key of the rows. `frozen` has the columns that are fields. */
export function exportValues(
  { reader, frozen, order }: Pick<Snapshot, 'reader' | 'frozen' | 'order'>,
  columns: readonly ExportColumn[],
): ValueReader {
  checkPaths(columns, jsonTexts(reader, sampleOf(order)));
  return columnValues(reader, (path) => frozen.reader(path), columns);
}

/** `field`: reads a field of the index. */
export function columnValues(
  reader: Reader,
  field: (path: string) => (rid: number) => Value,
  columns: readonly ExportColumn[],
): ValueReader {
  const readers = columns.map((column) => columnReader(reader, field, column));
  return (rids) => {
    const shared = jsonTexts(reader, rids);
    return readers.map((one) => one(rids, shared));
  };
}

/** The JSON of these rows, or of the parents they name; `null` (the text) where there is none. */
export function jsonTexts(reader: Reader, rids: readonly number[]): JsonTexts {
  const read = new Map<Entity, string[]>();
  return (entity) => {
    let found = read.get(entity);
    if (!found) read.set(entity, (found = jsonOf(reader, entity, rids)));
    return found;
  };
}

function columnReader(
  reader: Reader,
  field: (path: string) => (rid: number) => Value,
  { path, kind }: ExportColumn,
): ColumnReader {
  if (path === 'error_lines') return (rids) => reader.idsOf('task_run', rids).map((id) => errorLines(reader, id));
  if (path === 'traceback')
    return (rids, texts) => {
      const ids = reader.idsOf('task_run', rids);
      return texts('task_run').map((json, i) => traceback(json, reader, ids[i]));
    };
  if (kind !== 'json') {
    const read = field(path);
    return (rids) => rids.map(read);
  }
  const { entity, keys } = jsonPlace(path);
  return (_, texts) => texts(entity).map((json) => jsonAt(json, keys));
}

/** `null` where a row names no such parent, or only its id is known. */
function jsonOf(reader: Reader, entity: Entity, rids: readonly number[]): string[] {
  let rows = rids;
  let from: Entity = 'task_run';
  for (const to of ways[entity]) {
    rows = reader.parents(from, to, rows);
    from = to;
  }
  const distinct = [...new Set(rows)];
  const read = reader.json(entity, distinct);
  const byRid = new Map(distinct.map((rid, i) => [rid, read[i]]));
  return rows.map((rid) => byRid.get(rid) ?? NO_ROW);
}

/** Columns that lead from a task run to its parents. */
const ways: Record<Entity, Entity[]> = {
  task_run: [],
  flow_run: ['flow_run'],
  flow: ['flow_run', 'flow'],
  deployment: ['flow_run', 'deployment'],
};

/** Rows of all parts of the order: what was synced last is in front, and may be alike. */
export function sampleOf(order: Uint32Array): number[] {
  const step = Math.max(1, Math.floor(order.length / SAMPLE));
  return Array.from({ length: Math.min(SAMPLE, order.length) }, (_, i) => order[i * step]);
}

/** Servers send every key in every row, so a path whose first key no row has is a misspelt name. Without rows every path will do. */
function checkPaths(columns: readonly ExportColumn[], texts: JsonTexts): void {
  for (const { path, kind } of columns) {
    if (kind !== 'json') continue;
    const { entity, keys } = jsonPlace(path);
    const rows = texts(entity).filter((json) => json !== NO_ROW);
    const known = new Set(rows.flatMap((json) => [...memberSpans(json).keys()]));
    if (rows.length === 0 || [...known].some((key) => keys === key || keys.startsWith(`${key}.`))) continue;
    const more = entity === 'task_run' ? Object.keys(moreColumns).filter((column) => !column.includes('.')) : [];
    const names = new Set([...Object.keys(fields[entity]), ...known, ...more]);
    const way = path.slice(0, path.length - keys.length);
    const begin = [...names].sort().map((name) => way + name);
    throw new AppError('BAD_INPUT', `no such column: ${path}`, {
      column: path,
      advice: `A column is a field, or a path into the rows. It begins with one of ${begin.join(', ')}.`,
    });
  }
}

/**
 * The JSON text at a path of keys joined by dots; null where there is nothing. Keys may hold dots themselves (`labels.prefect.flow.id`):
 * the longest key that the object has is taken. In a list a key is the place, from 0.
 */
export function jsonAt(json: string, keys: string): string | null {
  let text = json;
  let rest: string | null = keys;
  while (rest !== null) {
    if (text.startsWith('[')) {
      const place: string = rest.split('.', 1)[0];
      const element = /^\d+$/.test(place) ? splitArray(text)[Number(place)] : undefined;
      if (element === undefined) return null;
      text = element;
      rest = rest.length > place.length ? rest.slice(place.length + 1) : null;
      continue;
    }
    if (!text.startsWith('{')) return null;
    const spans = memberSpans(text);
    let key: string = rest;
    while (!spans.has(key)) {
      const dot = key.lastIndexOf('.');
      if (dot < 0) return null;
      key = key.slice(0, dot);
    }
    const [from, to] = spans.get(key) as readonly [number, number];
    text = text.slice(from, to);
    rest = rest.length > key.length ? rest.slice(key.length + 1) : null;
  }
  return text;
}

function errorLines(reader: Reader, id: string | null): number | null {
  const activity = id === null ? null : reader.activity(id);
  if (!activity) return null;
  if (activity.logs.length === 0 && (activity.fetched === null || activity.missed.logs)) return null;
  return activity.logs.filter(({ level }) => level >= ERROR).length;
}

const START = 'Traceback (most recent call last):';

/** Prefect keeps only the exception in some states' messages; the traceback is then in the logs. */
function traceback(json: string, reader: Reader, id: string | null): string | null {
  const message = jsonAt(json, 'state.message');
  const own = message === null || !message.startsWith('"') ? '' : (JSON.parse(message) as string);
  if (own.includes(START)) return own.slice(own.indexOf(START));
  const activity = id === null ? null : reader.activity(id);
  const said = activity?.logs.findLast(({ level, message: line }) => level >= ERROR && line.includes(START));
  return said ? said.message.slice(said.message.indexOf(START)) : null;
}
