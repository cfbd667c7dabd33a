/** Levels of log lines, folding of long messages, the pieces a message is drawn in, and the text that is copied. */
import Anser from 'anser';
import { ansiFree } from '../../../src-main/contract/ansi.ts';
import type { LogLine } from '../../../src-main/contract/run.ts';
import { formatTime } from '../../../src-main/contract/time.ts';
import { formatClock, type Zone } from '../../format.ts';

export type Level = 'critical' | 'error' | 'warning' | 'info' | 'debug';

export const levels: readonly { id: Level; label: string; from: number }[] = [
  { id: 'critical', label: 'Critical', from: 50 },
  { id: 'error', label: 'Error', from: 40 },
  { id: 'warning', label: 'Warning', from: 30 },
  { id: 'info', label: 'Info', from: 20 },
  { id: 'debug', label: 'Debug', from: -Infinity },
];

/** Python allows any number; one between two levels is the lower of them. */
export function levelOf(level: number): Level {
  return levels.find(({ from }) => level >= from)?.id ?? 'debug';
}

export function countLevels(logs: readonly LogLine[]): Record<Level, number> {
  const counts: Record<Level, number> = { critical: 0, error: 0, warning: 0, info: 0, debug: 0 };
  for (const { level } of logs) counts[levelOf(level)] += 1;
  return counts;
}

/** Names of loggers with their lines, most frequent first. */
export function countLoggers(logs: readonly LogLine[]): [name: string, lines: number][] {
  const counts = new Map<string, number>();
  for (const { name } of logs) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

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
