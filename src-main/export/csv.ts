/**
 * Rows to CSV text, RFC 4180: CRLF, quotes where needed. A missing value is an empty cell and an empty text is "" in quotes, so the two
 * stay apart.
 */
import { formula, quoted } from '../contract/csv-text.ts';
import type { Delimiter, ExportColumn } from '../contract/export.ts';
import { cellText, type CellOptions, type Value } from './cells.ts';

export type CsvOptions = CellOptions & { delimiter: Delimiter; bom: boolean; safe: boolean };

const controls = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** The cell of a text; null: no value. */
export function csvText(text: string | null, { delimiter, safe }: CsvOptions): string {
  if (text === null) return '';
  return quoted(safe ? safeText(text) : text, delimiter);
}

/** Numbers and times begin with a digit or a minus that is one, and are never made safe. */
export function csvCell(value: Value, kind: ExportColumn['kind'], options: CsvOptions): string {
  if (typeof value === 'number' || typeof value === 'boolean') return cellText(value, kind, options) as string;
  return csvText(cellText(value, kind, options), options);
}

export function csvHeader(heads: readonly string[], options: CsvOptions): string {
  return (
    (options.bom ? '\ufeff' : '') +
    csvLine(
      heads.map((head) => csvText(head, options)),
      options,
    )
  );
}

export function csvLine(cells: readonly string[], { delimiter }: CsvOptions): string {
  return cells.join(delimiter) + '\r\n';
}

/** Control characters as their pictures: NUL is ␀. Those above 127 have none. */
function safeText(text: string): string {
  const plain = text.replace(controls, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '␡' : '\ufffd';
  });
  return formula.test(plain) ? `'${plain}` : plain;
}
