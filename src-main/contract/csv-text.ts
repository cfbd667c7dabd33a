/**
 * CSV as every writer of this app has it, RFC 4180: exports, copied rows, the list's groups. CRLF, quotes where needed. A missing value is an
 * empty cell and an empty text is "" in quotes, so that the two stay apart.
 */
import type { ExportOptions } from './export.ts';

/** `safe`: for spreadsheets. No cell is a formula, and no control character is raw but line breaks and tabs. */
export type CsvText = Pick<ExportOptions, 'delimiter' | 'safe'>;

/**
 * What Excel, LibreOffice or Google Sheets would take for a formula (OWASP, CSV injection), after blanks and marks that they pass over, and
 * in the full width of East Asian text.
 */
const formula = /^(?:[\t\r\n]|[\p{Z}\p{Cc}\p{Cf}]*[=+\-@＝＋－＠])/u;
/** A negative number is none, and stays a number. */
const number = /^-\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const controls = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** The cell of a text; null: no value. */
export function csvText(text: string | null, { delimiter, safe }: CsvText): string {
  if (text === null) return '';
  const shown = safe ? safeText(text) : text;
  const needsQuotes = shown === '' || /["\r\n]/.test(shown) || shown.includes(delimiter);
  return needsQuotes ? `"${shown.replaceAll('"', '""')}"` : shown;
}

/** `bom`: a byte order mark first, by which Excel knows UTF-8. */
export function csvHeader(heads: readonly string[], options: CsvText & { bom: boolean }): string {
  const cells = heads.map((head) => csvText(head, options));
  return (options.bom ? '\ufeff' : '') + csvLine(cells, options);
}

export function csvLine(cells: readonly string[], { delimiter }: Pick<CsvText, 'delimiter'>): string {
  return cells.join(delimiter) + '\r\n';
}

/** Control characters as their pictures: NUL is ␀. Those above 127 have none. */
function safeText(text: string): string {
  const plain = text.replace(controls, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '␡' : '\ufffd';
  });
  return formula.test(plain) && !number.test(plain) ? `'${plain}` : plain;
}
