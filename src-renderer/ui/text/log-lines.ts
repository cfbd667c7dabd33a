/** Levels of log lines, folding of long messages, hits of a search, and the text that is copied. */
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

/** Lines a message may have before it is folded; the headline and a little more. */
const SHOWN = 4;
const HEAD = 2;

/** null when the message is short enough to show whole. */
export function foldMessage(message: string): { head: string; hidden: number } | null {
  const lines = message.split('\n');
  if (lines.length <= SHOWN) return null;
  // what comes before a traceback says what it is; its first line says nothing
  const head = lines[1]?.startsWith('Traceback') ? 1 : HEAD;
  return { head: lines.slice(0, head).join('\n'), hidden: lines.length - head };
}

/** Marked hits of one message: each is an element of the page, and a message of 1 MB can be nothing but hits. */
const MOST_HITS = 1000;

/** The text in pieces, hits of `wanted` (lower case) marked, the first 1,000 of them. */
export function marked(text: string, wanted: string): { text: string; hit: boolean }[] {
  const lower = text.toLowerCase();
  // İ and a few others grow when lowered; then places in `lower` are not places in `text`
  if (wanted === '' || lower.length !== text.length) return [{ text, hit: false }];
  const parts: { text: string; hit: boolean }[] = [];
  let at = 0;
  let hits = 0;
  for (let found = lower.indexOf(wanted); found >= 0 && hits < MOST_HITS; found = lower.indexOf(wanted, at)) {
    if (found > at) parts.push({ text: text.slice(at, found), hit: false });
    at = found + wanted.length;
    parts.push({ text: text.slice(found, at), hit: true });
    hits += 1;
  }
  if (at < text.length) parts.push({ text: text.slice(at), hit: false });
  return parts;
}

/** As it stands in the pane, but with the date: pasted elsewhere, a bare clock says little. */
export function logText(logs: readonly LogLine[], zone: Zone): string {
  return logs
    .map((line) => {
      const time =
        zone === 'UTC'
          ? formatTime(line.timestamp)
          : `${formatTime(line.timestamp)} (${formatClock(line.timestamp, zone, 3)})`;
      return `${time} ${levelOf(line.level).toUpperCase()} ${line.name} - ${line.message}`;
    })
    .join('\n');
}
