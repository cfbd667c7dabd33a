/** Chosen runs as text in the columns of the list: for a sheet, a page of Markdown, a program. */
import { formula, quoted } from '../../../src-main/contract/csv-text.ts';
import { formatTime } from '../../../src-main/contract/time.ts';
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import { gridColumn, rowValue, type CellValue } from '../../grid-columns.ts';
import { dateTime, type Zone } from '../../format.ts';
import { fieldInfo } from '../filters/catalog.ts';
import { fieldsOfCell } from '../question/sorts.ts';

export type RowsFormat = 'tsv' | 'markdown' | 'json' | 'csv';

/**
 * `columns`: field paths; a column whose cells show two fields becomes two. TSV and Markdown are for people: titles, times in `zone`. CSV and
 * JSON are for programs: field paths, times in UTC, as an export writes them. A run that has not ended has no duration.
 */
export function rowsText(
  rows: readonly TaskRunRow[],
  columns: readonly string[],
  format: RowsFormat,
  zone: Zone,
): string {
  const paths = columns.flatMap((column) => [...fieldsOfCell(column)]);
  const titles = paths.map((path) => (paths.includes(path) && gridColumn(path)?.label) || fieldInfo(path).label);
  const table = rows.map((row) => paths.map((path) => ({ path, value: rowValue(row, path) })));
  switch (format) {
    case 'tsv':
      return [titles, ...table.map((cells) => cells.map((cell) => shown(cell, zone)))]
        .map((cells) => cells.map(sheetCell).join('\t'))
        .join('\n');
    case 'markdown':
      return [titles, titles.map(() => '---'), ...table.map((cells) => cells.map((cell) => shown(cell, zone)))]
        .map((cells) => `| ${cells.map(markdownCell).join(' | ')} |`)
        .join('\n');
    case 'json':
      return JSON.stringify(
        table.map((cells) => Object.fromEntries(cells.map((cell) => [cell.path, plain(cell)]))),
        null,
        2,
      );
    case 'csv':
      return (
        [paths, ...table.map((cells) => cells.map(csvValue))].map((cells) => cells.join(',')).join('\r\n') + '\r\n'
      );
  }
}

type Cell = { path: string; value: CellValue };

const isTime = ({ path }: Cell): boolean => fieldInfo(path).kind === 'time';

/** `2026-11-23 08:00:00.123`: sheets of every kind read it as a time. */
function shown(cell: Cell, zone: Zone): string {
  const { value } = cell;
  if (value === null) return '';
  if (typeof value === 'number' && isTime(cell)) return dateTime(value, zone);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? value.join(', ') : String(value);
}

/** Numbers keep their sign. Cells with tabs or line ends are quoted: sheets understand it in what is pasted. */
function sheetCell(text: string): string {
  const safe = formula.test(text) && !/^-?\d+(?:\.\d+)?$/.test(text) ? `'${text}` : text;
  return safe === '' ? '' : quoted(safe, '\t');
}

/** A name with a bar, a bracket or a line end stays in its cell and makes no link and no HTML. */
function markdownCell(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|#~]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}

/** As JSON and CSV have it: times in UTC. */
function plain(cell: Cell): Exclude<CellValue, undefined> {
  return typeof cell.value === 'number' && isTime(cell) ? formatTime(cell.value) : cell.value;
}

/** A missing value is an empty cell. */
function csvValue(cell: Cell): string {
  const value = plain(cell);
  if (value === null) return '';
  return quoted(typeof value === 'object' ? JSON.stringify(value) : String(value), ',');
}
