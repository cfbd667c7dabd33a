/** What the columns of an export read: fields from the index, everything else from the rows' JSON and what is kept of the runs. */
import { AppError } from '../../contract/errors.ts';
import { jsonPlace, type ExportColumn } from '../../contract/export.ts';
import { resolveField, type Entity } from '../../contract/fields.ts';
import { memberSpans, splitArray } from '../../contract/json-text.ts';
import type { Value } from '../../export/cells.ts';
import type { Engine } from '../../query/engine.ts';
import type { Reader } from '../../store/read/reader.ts';

/** The values of some rows, in the order of the columns. */
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

/** Throws BAD_INPUT for a column whose name is neither a field nor a key of the rows. */
export function exportValues(
  engine: Engine,
  reader: Reader,
  columns: readonly ExportColumn[],
  order: Uint32Array,
): ValueReader {
  const texts = (rids: readonly number[]): JsonTexts => {
    const read = new Map<Entity, string[]>();
    return (entity) => {
      let found = read.get(entity);
      if (!found) read.set(entity, (found = jsonOf(engine, reader, entity, rids)));
      return found;
    };
  };
  checkPaths(columns, texts(sampleOf(order)));
  const readers = columns.map((column) => columnReader(engine, reader, column));
  return (rids) => {
    const shared = texts(rids);
    const read = readers.map((one) => one(rids, shared));
    return rids.map((_, row) => read.map((values) => values[row]));
  };
}

function columnReader(engine: Engine, reader: Reader, { path }: ExportColumn): ColumnReader {
  if (path === 'error_lines') return (rids) => rids.map((rid) => errorLines(reader, engine.idOf('task_run', rid)));
  if (path === 'traceback')
    return (rids, texts) =>
      texts('task_run').map((json, i) => traceback(json, reader, engine.idOf('task_run', rids[i])));
  if (resolveField('task_run', path)) {
    const read = engine.accessor(path, 'task_run');
    return (rids) => rids.map(read);
  }
  const { entity, keys } = jsonPlace(path);
  return (_, texts) => texts(entity).map((json) => jsonAt(json, keys));
}

/** `null` where a row names no such parent, or only its id is known. */
function jsonOf(engine: Engine, reader: Reader, entity: Entity, rids: readonly number[]): string[] {
  if (entity === 'task_run') return reader.json('task_run', rids);
  const idOf = engine.accessor(parentIds[entity], 'task_run');
  const parents = rids.map((rid) => {
    const id = idOf(rid);
    return typeof id === 'string' ? (engine.ridOf(entity, id) ?? 0) : 0;
  });
  const distinct = [...new Set(parents)].filter((parent) => parent !== 0);
  const read = reader.json(entity, distinct);
  const byRid = new Map(distinct.map((parent, i) => [parent, read[i]]));
  return parents.map((parent) => byRid.get(parent) ?? NO_ROW);
}

const parentIds = {
  flow_run: 'flow_run_id',
  flow: 'flow_run.flow_id',
  deployment: 'flow_run.deployment_id',
} as const;

/** Rows of all parts of the order: what was synced last is in front, and may be alike. */
function sampleOf(order: Uint32Array): number[] {
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
    throw new AppError('BAD_INPUT', `no such column: ${path}`, {
      column: path,
      advice: `A column is a field, or a path into the rows: their keys are ${[...known].sort().join(', ')}.`,
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

function errorLines(reader: Reader, id: string): number | null {
  const activity = reader.activity(id);
  if (!activity || (activity.fetched === null && activity.logs.length === 0)) return null;
  return activity.logs.filter(({ level }) => level >= ERROR).length;
}

const START = 'Traceback (most recent call last):';

/** Prefect keeps only the exception in some states' messages; the traceback is then in the logs. */
function traceback(json: string, reader: Reader, id: string): string | null {
  const message = jsonAt(json, 'state.message');
  const own = message === null || !message.startsWith('"') ? '' : (JSON.parse(message) as string);
  if (own.includes(START)) return own.slice(own.indexOf(START));
  const said = reader.activity(id)?.logs.findLast(({ level, message: line }) => level >= ERROR && line.includes(START));
  return said ? said.message.slice(said.message.indexOf(START)) : null;
}
