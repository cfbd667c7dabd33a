/**
 * Text that comes from elsewhere, as it is shown: a name may hold characters that turn the direction of what follows, that are not seen,
 * line breaks, blanks at its ends, or 5 MB. What is not seen is shown as a symbol, so that two names that differ look different; nothing is
 * left out but what is too long. Exports and copies have the text itself.
 */

/** Characters of a name in a line, and of a tooltip. */
const MOST_OF_A_LINE = 300;
const MOST_OF_A_TIP = 2_000;

/** What stands for an empty name. */
export const NO_NAME = '(no name)';

const TURN = '⇄';
const UNSEEN = '⌀';
/**
 * Controls, marks of direction, and what takes no room: soft hyphen, zero-width space, joiners of words, byte order mark, annotations. The
 * joiners U+200C and U+200D stay: emoji and several scripts are written with them.
 */
const odd =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

function symbolOf(character: string): string {
  // arrows that every font has
  if (character === '\n') return '↵';
  if (character === '\t') return '⇥';
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '␡';
  if (code < 0xa0) return '␦';
  if (code === 0x2028 || code === 0x2029) return '␤';
  const turns = code === 0x61c || code === 0x200e || code === 0x200f || (code >= 0x202a && code <= 0x202e);
  return turns || (code >= 0x2066 && code <= 0x2069) ? TURN : UNSEEN;
}

/** Each unseen character as one symbol, so that places stay what they were. Tabs and line breaks stay: for text of several lines. */
export function symbols(text: string): string {
  const stays = (one: string, at: number) => one === '\n' || one === '\t' || (one === '\r' && text[at + 1] === '\n');
  return text.replace(odd, (one, at: number) => (stays(one, at) ? one : symbolOf(one))).toWellFormed();
}

/** A name or a value in one line; '' stays ''. `most`: characters before it is cut. */
export function oneLine(text: string, most = MOST_OF_A_LINE): string {
  const short = text.length > most ? text.slice(0, most) : text;
  const plain = short.replace(odd, symbolOf).replace(/^ +| +$/g, (blanks) => '␣'.repeat(blanks.length));
  return (plain + (short === text ? '' : '…')).toWellFormed();
}

/** A name: an empty one says so. */
export function nameOf(name: string): string {
  return name === '' ? NO_NAME : oneLine(name);
}

/** For a tooltip, which has several lines. */
export function tip(text: string): string {
  return symbols(text.length > MOST_OF_A_TIP ? `${text.slice(0, MOST_OF_A_TIP)}…` : text);
}
