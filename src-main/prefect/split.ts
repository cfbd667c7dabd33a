/** A page's text cut into its rows' texts, byte for byte: parsing and writing again would change numbers and spacing. */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './characters.ts';

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/**
 * The exact text of each element of a JSON array, without the spaces around it. `text` must have passed JSON.parse as
 * an array: only strings and nesting are looked at. Throws RangeError when it is no array.
 */
export function splitJsonArray(text: string): string[] {
  const rows: string[] = [];
  let at = 0;
  while (isSpace(text.charCodeAt(at))) at++;
  if (text.charCodeAt(at) !== OPEN_BRACKET) throw new RangeError('not a JSON array');
  at++;
  let depth = 0;
  let start = at;

  const close = (end: number) => {
    while (start < end && isSpace(text.charCodeAt(start))) start++;
    while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
    if (end > start) rows.push(text.slice(start, end));
  };

  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      // strings are most of the text: indexOf passes them at memory speed
      at = text.indexOf('"', at + 1);
      while (at > 0 && text.charCodeAt(at - 1) === BACKSLASH) {
        let from = at - 2;
        while (text.charCodeAt(from) === BACKSLASH) from--;
        if ((at - from) % 2 === 1) break; // an even run of backslashes: the quote ends the string
        at = text.indexOf('"', at + 1);
      }
      if (at < 0) break;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE) depth--;
    else if (code === CLOSE_BRACKET) {
      if (depth === 0) {
        close(at);
        return rows;
      }
      depth--;
    } else if (code === COMMA && depth === 0) {
      close(at);
      start = at + 1;
    }
  }
  throw new RangeError('the JSON array does not end');
}
