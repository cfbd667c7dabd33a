/** The CSV cell of a value by its kind. */
import { csvText, type CsvText } from '../contract/csv-text.ts';
import type { ExportColumn } from '../contract/export.ts';
import { cellText, type CellOptions, type Value } from './cells.ts';

export type CsvOptions = CellOptions & CsvText;

/** Numbers and times begin with a digit or a minus that is one: they need neither quotes nor an apostrophe. */
export function csvCell(value: Value, kind: ExportColumn['kind'], options: CsvOptions): string {
  if (typeof value === 'number' || typeof value === 'boolean') return cellText(value, kind, options) as string;
  return csvText(cellText(value, kind, options), options);
}
