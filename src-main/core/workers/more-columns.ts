/** Columns of a list that its rows do not hold: paths into their JSON, and fields that are no columns of their own. Read for the rows on screen. */
import { MOST_PATHS, type MoreValue } from '../../contract/calls.ts';
import { exportColumn, jsonRoots } from '../../contract/export.ts';
import { jsonCell } from '../../contract/json-text.ts';
import type { Engine } from '../../query/engine.ts';
import type { Reader } from '../../store/read/reader.ts';
import { columnValues, jsonTexts, sampleOf } from './export/values.ts';
import { nextTurn } from './turn.ts';

/** Rows read before other calls get a turn: 1 ms, unless they hold megabytes. */
const PIECE = 25;
/** Keys that a path has at most. */
const DEEPEST = 5;
/** Characters of a row that is looked into for paths; parsing them takes 1 ms. */
const LARGEST = 200_000;

type Wanted = { ids: readonly string[]; columns: readonly string[]; most: number | null };

/** In the order of `ids`; null: the run is not in the archive. Rejects when `signal` is aborted. */
export async function moreValues(
  engine: Engine,
  reader: Reader,
  { ids, columns, most }: Wanted,
  signal: AbortSignal,
): Promise<(MoreValue[] | null)[]> {
  const wanted = columns.map(exportColumn);
  const values = columnValues(reader, (path) => engine.accessor(path), wanted);
  const sent = (value: MoreValue, column: number): MoreValue => {
    if (typeof value !== 'string' || most === null) return value;
    return (wanted[column].kind === 'json' ? jsonCell(value) : value)?.slice(0, most) ?? null;
  };
  const found: (MoreValue[] | null)[] = [];
  for (let at = 0; at < ids.length; at += PIECE) {
    const piece = ids.slice(at, at + PIECE).map((id) => engine.ridOf('task_run', id));
    const known = piece.filter((rid) => rid !== null);
    const read = values(known);
    const rows = known.map((_, row) => read.map((column, i) => sent(column[row] as MoreValue, i)));
    found.push(...piece.map((rid) => (rid === null ? null : (rows.shift() ?? null))));
    await nextTurn(signal);
  }
  return found;
}

/** Of rows from all parts of the order. In lists the first element stands for all. */
export async function jsonPaths(
  reader: Reader,
  order: Uint32Array,
  signal: AbortSignal,
): Promise<{ of: number; paths: { path: string; rows: number }[] }> {
  const sample = sampleOf(order);
  const rows = new Map<string, number>();
  for (let at = 0; at < sample.length; at += PIECE) {
    const rids = sample.slice(at, at + PIECE);
    const texts = jsonTexts(reader, rids);
    for (const [prefix, entity] of jsonRoots)
      for (const json of texts(entity))
        if (json.length <= LARGEST)
          for (const path of pathsIn(JSON.parse(json))) rows.set(prefix + path, (rows.get(prefix + path) ?? 0) + 1);
    await nextTurn(signal);
  }
  const paths = [...rows].map(([path, count]) => ({ path, rows: count }));
  paths.sort((a, b) => b.rows - a.rows || (a.path < b.path ? -1 : 1));
  return { of: sample.length, paths: paths.slice(0, MOST_PATHS) };
}

/** Those that lead to a value which is not null. */
function pathsIn(row: unknown): string[] {
  const paths: string[] = [];
  const look = (value: unknown, path: string, depth: number) => {
    if (value === null || depth > DEEPEST) return;
    if (path !== '') paths.push(path);
    if (typeof value !== 'object') return;
    for (const [key, one] of Array.isArray(value) ? [['0', value[0] as unknown] as const] : Object.entries(value))
      if (one !== undefined) look(one, path === '' ? key : `${path}.${key}`, depth + 1);
  };
  look(row, '', 0);
  return paths;
}
