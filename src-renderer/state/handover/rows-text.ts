/** Chosen runs as text in the columns of the list: for a sheet, a page of Markdown, a program. */
import { csvHeader, csvLine, csvText } from '../../../src-main/contract/csv-text.ts';
import { timeFormat } from '../../../src-main/contract/local-time.ts';
import { formatTime } from '../../../src-main/contract/time.ts';
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import { gridColumn, rowValue, type CellValue } from '../../grid-columns.ts';
import { dateTime, type Zone } from '../../format.ts';
import { fieldInfo } from '../filters/catalog.ts';
import { fieldsOfCell } from '../question/sorts.ts';
import type { CsvChoice } from './csv-choice.ts';

export type RowsFormat = 'tsv' | 'markdown' | 'json' | 'csv';

/**
 * `columns`: field paths; a column whose cells show two fields becomes two. TSV and Markdown are for people: titles, times in `zone`. JSON is
 * for programs: field paths, times in UTC. CSV is what an export with the choice `csv` writes. A run that has not ended has no duration.
 */
export function rowsText(
  rows: readonly TaskRunRow[],
  columns: readonly string[],
  format: RowsFormat,
  zone: Zone,
  csv: CsvChoice,
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
      return csvRows(csv.header === 'key' ? paths : titles, table, csv);
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

/** Cells with tabs or line ends are quoted: sheets understand it in what is pasted. */
const sheetCell = (text: string): string => (text === '' ? '' : csvText(text, { delimiter: '\t', safe: true }));

/** Without a byte order mark: a clipboard has text, not bytes. */
function csvRows(heads: readonly string[], table: readonly (readonly Cell[])[], csv: CsvChoice): string {
  const time = timeFormat(csv.time_zone);
  const cell = ({ path, value }: Cell): string => {
    if (value === null) return '';
    if (typeof value === 'number') return isTime({ path, value }) ? time(value) : String(value);
    if (typeof value === 'object') return csvText(csv.tags === 'json' ? JSON.stringify(value) : value.join(', '), csv);
    return csvText(String(value), csv);
  };
  return csvHeader(heads, { ...csv, bom: false }) + table.map((cells) => csvLine(cells.map(cell), csv)).join('');
}

/** A name with a bar, a bracket or a line end stays in its cell and makes no link and no HTML. */
function markdownCell(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|#~]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}

/** As JSON has it: times in UTC. */
function plain(cell: Cell): Exclude<CellValue, undefined> {
  return typeof cell.value === 'number' && isTime(cell) ? formatTime(cell.value) : cell.value;
}
