/** Chosen runs as text in the columns of the list: for a sheet, a page of Markdown, a program. */
import { csvHeader, csvLine, csvText } from '../../../src-main/contract/csv-text.ts';
import { jsonCell } from '../../../src-main/contract/json-text.ts';
import { timeFormat } from '../../../src-main/contract/local-time.ts';
import { formatTime } from '../../../src-main/contract/time.ts';
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import { gridColumn, isMoreColumn, rowValue, valueText, type CellValue } from '../../grid-columns.ts';
import type { Zone } from '../../format.ts';
import { fieldInfo } from '../filters/catalog.ts';
import { fieldsOfCell } from '../question/sorts.ts';
import type { CsvChoice } from './csv-choice.ts';

export type RowsFormat = 'tsv' | 'markdown' | 'json' | 'csv';

/**
 * `more`: values that the rows do not hold, of a path into their JSON as JSON text (isMoreColumn). `columns`: field paths; a column whose cells show two fields becomes two. TSV and Markdown are for people: titles, times in `zone`. JSON is
 * for programs: field paths, times in UTC. CSV is what an export with the choice `csv` writes. A run that has not ended has no duration.
 */
export function rowsText(
  rows: readonly TaskRunRow[],
  columns: readonly string[],
  format: RowsFormat,
  zone: Zone,
  csv: CsvChoice,
  more: (id: string, path: string) => CellValue = () => null,
): string {
  const paths = columns.flatMap((column) => [...fieldsOfCell(column)]);
  const titles = paths.map((path) => gridColumn(path)?.label ?? fieldInfo(path).label);
  const value = (row: TaskRunRow, path: string) => (isMoreColumn(path) ? more(row.id, path) : rowValue(row, path));
  const values = rows.map((row) => paths.map((path): Cell => ({ path, value: value(row, path) })));
  if (format === 'json') return rowsJson(values);
  const table = values.map((cells) => cells.map(inCell));
  const shown = ({ path, value: one }: Cell) => valueText(one, path, zone);
  switch (format) {
    case 'tsv':
      return [titles, ...table.map((cells) => cells.map(shown))]
        .map((cells) => cells.map(sheetCell).join('\t'))
        .join('\n');
    case 'markdown':
      return [titles, titles.map(() => '---'), ...table.map((cells) => cells.map(shown))]
        .map((cells) => `| ${cells.map(markdownCell).join(' | ')} |`)
        .join('\n');
    case 'csv':
      return csvRows(csv.header === 'key' ? paths : titles, table, csv);
  }
}

type Cell = { path: string; value: CellValue };

const isTime = ({ path }: Cell): boolean => fieldInfo(path).kind === 'time';

const isJson = ({ path }: Cell): boolean => isMoreColumn(path) && !gridColumn(path)?.sortable;

/** As a cell shows it: a text in the JSON without its quotes. */
const inCell = (cell: Cell): Cell =>
  typeof cell.value === 'string' && isJson(cell) ? { ...cell, value: jsonCell(cell.value) } : cell;

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

/** Times in UTC; what stands in the rows' JSON as the server wrote it, numbers that no JavaScript number holds among it. */
function rowsJson(table: readonly (readonly Cell[])[]): string {
  const text = (cell: Cell): string => {
    if (typeof cell.value === 'string' && isJson(cell)) return cell.value;
    return JSON.stringify(typeof cell.value === 'number' && isTime(cell) ? formatTime(cell.value) : cell.value);
  };
  const rows = table.map(
    (cells) => `  {\n${cells.map((cell) => `    ${JSON.stringify(cell.path)}: ${text(cell)}`).join(',\n')}\n  }`,
  );
  return rows.length === 0 ? '[]' : `[\n${rows.join(',\n')}\n]`;
}
