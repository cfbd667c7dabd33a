/** The cell of a CSV file, as exports write it and as copied runs have it. */

/**
 * What Excel, LibreOffice or Google Sheets would take for a formula (OWASP, CSV injection), after blanks and marks that they pass over, and
 * in the full width of East Asian text.
 */
export const formula = /^(?:[\t\r\n]|[\p{Z}\p{Cc}\p{Cf}]*[=+\-@＝＋－＠])/u;

/** RFC 4180, with quotes where needed. An empty text is "" in quotes, so that it differs from a missing value, which is an empty cell. */
export function quoted(text: string, delimiter: string): string {
  const needsQuotes = text === '' || /["\r\n]/.test(text) || text.includes(delimiter);
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
}
