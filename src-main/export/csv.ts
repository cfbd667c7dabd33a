/**
 * Rows to CSV text, RFC 4180: comma, CRLF, quotes where needed. Times are ISO 8601 UTC with microseconds, lists are JSON, a missing
 * value is an empty cell and an empty text is "" in quotes, so the two stay apart.
 */
import { formatTime } from '../contract/time.ts';
import type { FieldKind } from '../contract/fields.ts';

export type Value = string | number | boolean | null | readonly string[];

const needsQuotes = /[",\r\n]/;
/** What Excel, LibreOffice and Google Sheets would take for a formula (OWASP, CSV injection). */
const formula = /^[=+\-@\t\r]/;

export function csvCell(value: Value, kind: FieldKind, spreadsheet: boolean): string {
  if (value === null) return '';
  if (typeof value === 'number') return kind === 'time' ? formatTime(value) : String(value);
  if (typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = spreadsheet && formula.test(text) ? `'${text}` : text;
  return safe === '' || needsQuotes.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvLine(cells: readonly string[]): string {
  return cells.join(',') + '\r\n';
}
