/** A run's states as spans on a line: what ran, what waited, how it ended. Times in µs, lengths in px. */
import { terminalStateTypes } from '../../../src-main/contract/fields.ts';
import type { StateHistory, TaskRunRow } from '../../../src-main/contract/run.ts';

type SpanKind = 'wait' | 'run' | 'retry' | 'pause' | 'end';

export type Span = {
  kind: SpanKind;
  state: string;
  name: string;
  from: number;
  /** equal to `from` for an end */
  to: number;
  /** counted over the running spans, from 1; null for the others */
  attempt: number | null;
  /** it goes on: `to` is only now */
  open: boolean;
};

function kindOf(type: string, name: string): SpanKind {
  if (type === 'RUNNING' || type === 'CANCELLING') return 'run';
  if (type === 'PAUSED') return 'pause';
  if (terminalStateTypes.includes(type)) return 'end';
  return name === 'AwaitingRetry' ? 'retry' : 'wait';
}

/** Server order is by time, but a clock may have gone back: sorted here, ties as they came. */
export function historySpans(history: StateHistory, now: number): Span[] {
  const states = [...history].sort((a, b) => a.timestamp - b.timestamp);
  let attempt = 0;
  return states.map((state, i) => {
    const kind = kindOf(state.type, state.name);
    const next = states[i + 1];
    if (kind === 'run' && state.type === 'RUNNING') attempt += 1;
    // a forced change after the end (COMPLETED, later FAILED) leaves a gap in which nothing happened
    const to = kind === 'end' ? state.timestamp : (next?.timestamp ?? Math.max(now, state.timestamp));
    return {
      kind,
      state: state.type,
      name: state.name,
      from: state.timestamp,
      to,
      attempt: kind === 'run' && state.type === 'RUNNING' ? attempt : null,
      open: kind !== 'end' && next === undefined,
    };
  });
}

type RowState = Pick<TaskRunRow, 'state_type' | 'state_name'> & {
  /** µs */
  state_timestamp: number | null;
};

/** Kept states may be older than the row: the row's own state then comes last. */
export function withRowState(history: StateHistory, row: RowState): StateHistory {
  const { state_type: type, state_name: name, state_timestamp: timestamp } = row;
  const last = history.reduce((latest, state) => Math.max(latest, state.timestamp), -Infinity);
  if (type === null || timestamp === null || timestamp <= last) return history;
  return [...history, { id: '', type, name: name ?? type, timestamp, message: null }];
}

type RowTimes = Pick<TaskRunRow, 'expected_start_time' | 'start_time' | 'end_time' | 'state_type' | 'state_name'>;

/** Spans from the row alone, for a run whose history is not read: a wait, a run and an end. */
export function rowSpans(row: RowTimes, now: number): Span[] {
  const { expected_start_time: expected, start_time: start, end_time: end } = row;
  const type = row.state_type ?? 'PENDING';
  const name = row.state_name ?? type;
  const spans: Span[] = [];
  const ended = terminalStateTypes.includes(type);
  if (expected !== null && (start ?? now) > expected) {
    const waiting = start === null && !ended;
    if (start !== null || waiting)
      spans.push({
        kind: 'wait',
        state: waiting ? type : 'PENDING',
        name: waiting ? name : 'Pending',
        from: expected,
        to: start ?? now,
        attempt: null,
        open: waiting,
      });
  }
  if (start !== null) {
    const to = end ?? (type === 'RUNNING' ? Math.max(now, start) : start);
    if (to > start)
      spans.push({ kind: 'run', state: 'RUNNING', name: 'Running', from: start, to, attempt: 1, open: end === null });
  }
  if (ended && end !== null)
    spans.push({ kind: 'end', state: type, name, from: end, to: end, attempt: null, open: false });
  return spans;
}

/** Of a run and what is kept of it: attempt by attempt, or from its row when no state is kept. `now` in µs. */
export const runSpans = (row: RowTimes & RowState, history: StateHistory, now: number): Span[] =>
  history.length === 0 ? rowSpans(row, now) : historySpans(withRowState(history, row), now);

export type Piece = Span & { x: number; width: number; cut: boolean };

const GAP = 2;
/** px: the sign of an end, and the least of everything that lasts */
const END = 3;
const LEAST = 6;
const leastOf = ({ kind }: Span) => (kind === 'end' ? END : LEAST);

/**
 * Spans side by side over `width`. Lengths are true to time, with two bounds so that every span can be seen and hit: none is
 * drawn shorter than LEAST, and waiting counts for at most the longest run (`cut` marks what was shortened). So what lasted
 * longer is never drawn shorter.
 */
export function layTimeline(spans: readonly Span[], width: number): Piece[] {
  const longest = Math.max(0, ...spans.filter(({ kind }) => kind === 'run').map(({ from, to }) => to - from));
  const bound = longest > 0 ? longest : Infinity;
  const lengths = spans.map(({ kind, from, to }) => (kind === 'run' ? to - from : Math.min(to - from, bound)));
  const room = Math.max(0, width - GAP * Math.max(0, spans.length - 1));
  const fixed = new Set<number>();
  let scale = 0;
  // a span raised to its least takes room from the others, which may bring the next below its own
  for (;;) {
    const free = room - spans.reduce((sum, span, i) => sum + (fixed.has(i) ? leastOf(span) : 0), 0);
    const total = lengths.reduce((sum, length, i) => sum + (fixed.has(i) ? 0 : length), 0);
    scale = total > 0 ? Math.max(0, free) / total : 0;
    const short = spans.findIndex((span, i) => !fixed.has(i) && (lengths[i] ?? 0) * scale < leastOf(span));
    if (short < 0) break;
    fixed.add(short);
  }
  let x = 0;
  return spans.map((span, i) => {
    const wide = fixed.has(i) ? leastOf(span) : (lengths[i] ?? 0) * scale;
    const piece = { ...span, x, width: wide, cut: (lengths[i] ?? 0) < span.to - span.from };
    x += wide + GAP;
    return piece;
  });
}
