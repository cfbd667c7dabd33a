/** Folding of long messages, the pieces a message is drawn in, and the text that is copied. */
import Anser from 'anser';
import { ansiFree } from '../../../src-main/contract/ansi.ts';
import type { LogSearch } from '../../../src-main/contract/log-search.ts';
import type { LogLine } from '../../../src-main/contract/run.ts';
import { levelOf } from '../../../src-main/contract/log-filter.ts';
import { formatTime } from '../../../src-main/contract/time.ts';
import { formatClock, type Zone } from '../../format.ts';

/** Lines a message may have before it is folded; the headline and a little more. */
const SHOWN = 4;
/** Characters of a message that are drawn before it is folded, and that each unfolding adds: one element of 1 MB takes seconds to lay out. */
export const MOST_DRAWN = 2_000;
export const UNFOLD_BY = 20_000;

/** `lines`, `characters`: what is hidden. */
export type Folded = { head: string; lines: number; characters: number };

/** null when the message is short enough to show whole. `room`: characters that are drawn at most. */
export function foldMessage(message: string, room = MOST_DRAWN): Folded | null {
  if (room === MOST_DRAWN && hasMoreLines(message, SHOWN)) {
    // what comes before a traceback says what it is; its first line says nothing
    const first = message.indexOf('\n');
    const end = message.startsWith('Traceback', first + 1) ? first : message.indexOf('\n', first + 1);
    const head = message.slice(0, Math.min(end, MOST_DRAWN));
    return { head, lines: countLines(message, head.length + 1), characters: message.length - head.length };
  }
  return message.length <= room
    ? null
    : { head: message.slice(0, room).toWellFormed(), lines: 0, characters: message.length - room };
}

/** Characters shown before and after a hit in what is hidden. */
const BEFORE_HIT = 40;
const AFTER_HIT = 160;

/** The line, or a part of it, with the first hit of a folded message when no hit is in its head; null: one is, or there is none. */
export function hiddenHit(message: string, { head }: Folded, search: LogSearch): string | null {
  if (search.empty) return null;
  const text = ansiFree(message);
  const [first] = search.hits(text);
  if (!first || first[0] < ansiFree(head).length) return null;
  const [at] = first;
  const begin = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  const from = Math.max(begin, at - BEFORE_HIT);
  const to = Math.min(end < 0 ? text.length : end, at + AFTER_HIT);
  return `${from > begin ? '…' : ''}${text.slice(from, to).toWellFormed()}${to < text.length && to !== end ? '…' : ''}`;
}

/** Without splitting: a message may be 5 MB. */
function hasMoreLines(message: string, than: number): boolean {
  let at = -1;
  for (let lines = 0; lines < than; lines++) {
    at = message.indexOf('\n', at + 1);
    if (at < 0) return false;
  }
  return true;
}

function countLines(text: string, from: number): number {
  let count = 1;
  for (let at = text.indexOf('\n', from); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** A piece of a message: `look` names colours and weights, '' is none. */
export type Piece = { text: string; look: string; hit: boolean };

/** Escape sequences that are no colours, such as moves of the cursor and links. */
const colour = /^\u001b\[[\d;:]*m$/;

/** The message in runs of one look. Their texts together are the message without its escape sequences. */
function coloured(message: string): { text: string; look: string }[] {
  const plain = ansiFree(message);
  if (plain === message) return [{ text: message, look: '' }];
  const clean = message.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, (one) => (colour.test(one) ? one : ''));
  const runs = Anser.ansiToJson(clean, { use_classes: true, remove_empty: true }).map((part) => {
    const { content, fg, bg, decorations } = part;
    const looks = [fg, bg && `on-${bg}`, ...(decorations ?? [])].filter(Boolean);
    return { text: ansiFree(content), look: looks.join(' ') };
  });
  // what is drawn is what is copied and searched
  return runs.map(({ text }) => text).join('') === plain ? runs : [{ text: plain, look: '' }];
}

/** A message as it is drawn: `hits` are places in the message without escape sequences. */
export function pieces(message: string, hits: (text: string) => [number, number][]): Piece[] {
  const runs = coloured(message);
  const marks = hits(runs.map(({ text }) => text).join(''));
  const all: Piece[] = [];
  let place = 0;
  let next = 0;
  for (const { text, look } of runs) {
    for (let at = 0; at < text.length;) {
      const mark = marks[next];
      const from = mark ? mark[0] - place : Infinity;
      const to = mark ? mark[1] - place : Infinity;
      const hit = at >= from;
      const end = Math.min(text.length, hit ? to : from);
      all.push({ text: text.slice(at, end), look, hit });
      at = end;
      if (mark && end === to) next += 1;
    }
    place += text.length;
  }
  return all;
}

/**
 * The pieces in blocks of up to UNFOLD_BY characters, so that of a long message only what is in sight is laid out: with bidirectional text the
 * time grows with the square of an element's length, and 1 MB took 7 s. A block ends at the end of a row of `columns` characters.
 */
export function blocksOf(parts: readonly Piece[], columns: number): Piece[][] {
  const wide = Math.min(columns, UNFOLD_BY);
  const size = Math.floor(UNFOLD_BY / wide) * wide;
  const blocks: Piece[][] = [[]];
  let room = size;
  for (const part of parts) {
    for (let at = 0; at < part.text.length;) {
      if (room === 0) {
        blocks.push([]);
        room = size;
      }
      let end = Math.min(part.text.length, at + room);
      // the row after a line break begins anew: a block that holds one ends with its last
      const line = end - at === room ? part.text.lastIndexOf('\n', end - 1) : -1;
      if (line >= at) end = line + 1;
      blocks.at(-1)?.push({ ...part, text: part.text.slice(at, end) });
      room = line >= at ? 0 : room - (end - at);
      at = end;
    }
  }
  return blocks;
}

/** As it stands in the pane, but with the date: pasted elsewhere, a bare clock says little. */
export function logText(logs: readonly LogLine[], zone: Zone): string {
  return logs
    .map((line) => {
      const time =
        zone === 'UTC'
          ? formatTime(line.timestamp)
          : `${formatTime(line.timestamp)} (${formatClock(line.timestamp, zone, 3)})`;
      return `${time} ${levelOf(line.level).toUpperCase()} ${line.name} - ${ansiFree(line.message)}`;
    })
    .join('\n');
}
