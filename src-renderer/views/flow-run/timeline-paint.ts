/** Draws the bars of the rows in sight. Times in µs, lengths in px. */
import { failureStateTypes } from '../../../src-main/contract/fields.ts';
import { formatDuration, secondsBetween } from '../../format.ts';
import { beginOf, endOf, isOver, type TaskRun } from '../../state/flow-run/model.ts';
import { spansOf } from '../../state/flow-run/spans.ts';
import type { Row } from '../../state/flow-run/tree.ts';
import { atOnce, momentsOf, type Moments, type Sight } from '../../ui/charts/gantt-scale.ts';
import type { Palette } from './palette.ts';

export const ROW = 26;
const BAR = 12;
const LEAST = 2;
const LABEL_GAP = 6;

export type Sheet = {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  sight: Sight;
  ticks: readonly number[];
  now: number;
  /** the flow run goes on: where now is, is shown */
  live: boolean;
  palette: Palette;
  /** runs that lie on the critical path of their flow run */
  critical: ReadonlySet<TaskRun>;
};

export type PlacedRow = { row: Row; top: number };

export function paintTimeline(sheet: Sheet, rows: readonly PlacedRow[]): void {
  const { context, width, height, palette, ticks, sight } = sheet;
  const x = (at: number) => ((at - sight.from) / (sight.to - sight.from)) * width;
  context.clearRect(0, 0, width, height);
  context.font = `11px ${palette.font}`;
  context.textBaseline = 'middle';
  context.lineWidth = 1;
  context.fillStyle = palette['line-soft'];
  for (const at of ticks) context.fillRect(Math.round(x(at)), 0, 1, height);
  paintPath(sheet, x, rows);
  for (const { row, top } of rows) {
    if (row.kind === 'run') paintRun(sheet, x, row.run, top);
    else if (row.kind === 'group') paintGroup(sheet, row.item.runs, top);
  }
  if (sheet.live) {
    context.fillStyle = palette.accent;
    context.fillRect(Math.round(x(sheet.now)), 0, 1.5, height);
  }
}

type ToX = (at: number) => number;

function paintRun({ context, width, now, palette, critical }: Sheet, x: ToX, run: TaskRun, top: number): void {
  const spans = spansOf(run, now);
  const [middle, bar] = [top + ROW / 2, top + (ROW - BAR) / 2];
  const attempts = spans.filter(({ attempt }) => attempt !== null);
  const lastRun = spans.findLast(({ kind }) => kind === 'run');
  let [first, end] = [Infinity, -Infinity];
  for (const span of spans) {
    const [from, to] = [x(span.from), x(span.to)];
    first = Math.min(first, from);
    end = Math.max(end, to);
    if (to < -20 || from > width + 20) continue;
    const left = Math.max(-20, from);
    const long = Math.min(width + 20, to) - left;
    if (span.kind === 'run') {
      const final = span === lastRun;
      const type = final ? (isOver(run) ? run.state_type : span.state) : 'FAILED';
      context.globalAlpha = final ? 1 : 0.45;
      context.fillStyle = palette.state(type);
      context.beginPath();
      context.roundRect(
        left,
        bar,
        Math.max(LEAST, long - (final ? 0 : 1)),
        BAR,
        Math.min(3, Math.max(LEAST, long) / 2),
      );
      context.fill();
      context.globalAlpha = 1;
      if (!final || attempts.length > 1) attemptWord(context, palette, span.attempt, left, middle, long);
    } else if (span.kind === 'end') {
      if (lastRun && span.from - lastRun.to <= 0) continue;
      context.fillStyle = palette.state(span.state);
      context.fillRect(from - 1.5, bar - 1, 3, BAR + 2);
    } else if (long >= 1) {
      const waiting = span.kind === 'wait';
      context.globalAlpha = waiting ? 0.55 : 1;
      context.strokeStyle = waiting ? palette.state(span.state) : palette['ink-faint'];
      context.lineWidth = waiting ? 3 : 1;
      context.setLineDash(waiting ? [] : [3, 3]);
      context.beginPath();
      context.moveTo(left, middle);
      context.lineTo(left + long, middle);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
    }
  }
  if (end < first) return;
  if (critical.has(run)) {
    context.fillStyle = palette.accent;
    context.fillRect(Math.max(0, first), top + ROW - 5, Math.max(LEAST, Math.min(width, end) - Math.max(0, first)), 2);
  }
  label(context, palette, words(run, attempts.length, now), first, end, middle, width);
}

function attemptWord(
  context: CanvasRenderingContext2D,
  palette: Palette,
  attempt: number | null,
  left: number,
  middle: number,
  long: number,
): void {
  if (attempt === null || long < 14) return;
  context.fillStyle = palette.glyph;
  context.fillText(String(attempt), Math.max(left, 0) + 4, middle + 0.5);
}

function words(run: TaskRun, attempts: number, now: number): string {
  const seconds = secondsBetween(run.start_time, endOf(run, now));
  const parts = [];
  if (seconds !== null) parts.push(formatDuration(seconds));
  else if (!isOver(run)) {
    const waited = secondsBetween(beginOf(run), now);
    if (waited !== null && waited > 0) parts.push(`waiting ${formatDuration(waited)}`);
  }
  const times = Math.max(attempts, run.run_count);
  if (times > 1) parts.push(`${times} attempts`);
  return parts.join(' · ');
}

/** Right of the bar, or left of it where there is no room. */
function label(
  context: CanvasRenderingContext2D,
  palette: Palette,
  text: string,
  first: number,
  end: number,
  middle: number,
  width: number,
): void {
  if (end < 0 || first > width || text === '') return;
  const long = context.measureText(text).width;
  const left = end + LABEL_GAP + long <= width ? end + LABEL_GAP : first - LABEL_GAP - long;
  if (left < 0) return;
  context.fillStyle = palette['ink-mute'];
  context.fillText(text, left, middle + 0.5);
}

/** Of runs that stand in one row: when they ran, when they waited, and when some failed. Sorting 50,000 for each frame would take longer than a frame. */
type GroupMoments = { ran: Moments; waited: Moments; failed: number[] };
const momentsKnown = new WeakMap<readonly TaskRun[], GroupMoments>();
function momentsOfRuns(runs: readonly TaskRun[]): GroupMoments {
  let known = momentsKnown.get(runs);
  if (!known) {
    const failed = runs.flatMap((run) => {
      const end = failureStateTypes.includes(run.state_type ?? '') ? endOf(run, 0) : null;
      return end === null ? [] : [end];
    });
    known = { ran: momentsOf(runSpans(runs)), waited: momentsOf(waitSpans(runs)), failed };
    momentsKnown.set(runs, known);
  }
  return known;
}
function* runSpans(runs: readonly TaskRun[]): Generator<[number, number]> {
  for (const run of runs) {
    const end = isOver(run) ? endOf(run, 0) : (run.end_time ?? Infinity);
    if (run.start_time !== null && end !== null) yield [run.start_time, end];
  }
}
function* waitSpans(runs: readonly TaskRun[]): Generator<[number, number]> {
  for (const run of runs) {
    const begin = beginOf(run);
    const until = run.start_time ?? (isOver(run) ? null : Infinity);
    if (begin !== null && until !== null && until > begin) yield [begin, until];
  }
}

/** How many of its runs ran at once, and below it how many waited; a mark where one failed. */
function paintGroup({ context, width, sight, now, palette }: Sheet, runs: readonly TaskRun[], top: number): void {
  const wide = Math.max(1, Math.floor(width));
  const { ran, waited, failed } = momentsOfRuns(runs);
  const { counts, most: ofAll } = atOnce(ran, sight, now, wide);
  const waits = atOnce(waited, sight, now, wide).counts;
  let most = 1;
  for (let x = 0; x < wide; x++) most = Math.max(most, counts[x] ?? 0);
  const [floor, high] = [top + ROW - 5, ROW - 9];
  context.fillStyle = palette.state('PENDING');
  context.globalAlpha = 0.4;
  for (let x = 0; x < wide; x++) if (waits[x] > 0) context.fillRect(x, floor + 1, 1, 2);
  context.globalAlpha = 0.85;
  const some = runs.some(({ state_type: type }) => type === 'RUNNING');
  context.fillStyle = palette.state(some ? 'RUNNING' : 'COMPLETED');
  context.beginPath();
  for (let x = 0; x < wide; x++) {
    const count = counts[x];
    if (count > 0) {
      const tall = Math.max(3, (count / most) * high);
      context.rect(x, floor - tall, 1.02, tall);
    }
  }
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = palette.state('FAILED');
  const marks = new Uint8Array(wide);
  for (const at of failed)
    if (at >= sight.from && at <= sight.to)
      marks[Math.min(wide - 1, Math.max(0, Math.ceil(((at - sight.from) / (sight.to - sight.from)) * wide) - 1))] = 1;
  for (let x = 0; x < wide; x++) if (marks[x] === 1) context.fillRect(x - 1, top + 3, 2, floor - top - 3);
  const [first, last] = [counts.findIndex((count) => count > 0), counts.findLastIndex((count) => count > 0)];
  if (first < 0) return;
  const text = ofAll > 1 ? `up to ${ofAll} at once` : `one at a time`;
  label(context, palette, text, first, last + 1, top + ROW / 2, width);
}

/** From each run on the critical path to the next one in sight of the same flow run. */
function paintPath({ context, palette, critical, now }: Sheet, x: ToX, rows: readonly PlacedRow[]): void {
  const steps = rows.flatMap(({ row, top }) => {
    if (row.kind === 'note') return [];
    const on = row.kind === 'run' ? [row.run] : row.open ? [] : row.item.runs;
    return on
      .filter((run) => critical.has(run))
      .map((run) => ({ run, part: row.part, top, folded: row.kind === 'group' }));
  });
  const tops = new Map(steps.map((step) => [step.run, step]));
  context.strokeStyle = palette.accent;
  context.fillStyle = palette.accent;
  context.lineWidth = 1.25;
  for (const { run, part, top, folded } of steps) {
    const [from, to] = [x(beginOf(run) ?? now), x(endOf(run, now) ?? now)];
    if (folded) context.fillRect(from, top + ROW - 4, Math.max(LEAST, to - from), 2);
    // the input that ended last is the one on the path
    const before = run.upstream.map((place) => part.runs[place]).find((one) => one !== undefined && critical.has(one));
    const above = before && tops.get(before);
    if (!before || !above || above.top === top) continue;
    const turn = Math.round(x(endOf(before, now) ?? now)) + 0.5;
    const down = top > above.top;
    context.beginPath();
    context.moveTo(turn, above.top + (down ? ROW - 3 : 4));
    const end = top + ROW / 2;
    context.lineTo(turn, end);
    if (from - turn > 3) context.lineTo(from, end);
    context.stroke();
  }
}
