/** What the timeline says of a row: how long it ran, and the lines that are told of it under the pointer and to screen readers. */
import { formatCount, formatDuration, formatMoment, plural, secondsBetween, type Zone } from '../../format.ts';
import { beginOf, endOf, isOver, type TaskRun } from '../../state/flow-run/model.ts';
import { spansOf } from '../../state/flow-run/spans.ts';
import { countStates, type Row } from '../../state/flow-run/tree.ts';

/** Times in µs. `moment`: up to which what has not ended is drawn; `from`: where the flow run begins. */
type Known = {
  from: number;
  moment: number;
  now: number;
  zone: Zone;
  critical: ReadonlySet<TaskRun>;
  /** what a run's attempts failed with, as far as that was read */
  errorsOf: (run: TaskRun) => readonly string[];
};

export function ranWords(row: Row, moment: number): string {
  if (row.kind === 'run') {
    const ran = secondsBetween(row.run.start_time, endOf(row.run, moment));
    return ran === null ? '' : formatDuration(ran);
  }
  if (row.kind === 'note') return '';
  let [begin, end] = [Infinity, -Infinity];
  for (const run of row.item.runs) {
    if (run.start_time !== null) begin = Math.min(begin, run.start_time);
    end = Math.max(end, endOf(run, moment) ?? -Infinity);
  }
  return begin < end ? formatDuration((end - begin) / 1e6) : '';
}

export function countWords(runs: readonly TaskRun[]): { done: string; failed: string; running: string } {
  const { over, failed, running, of } = countStates(runs);
  return {
    done: over === of ? `${formatCount(of)}` : `${formatCount(over)} of ${formatCount(of)}`,
    failed: failed > 0 ? `${formatCount(failed)} failed` : '',
    running: running > 0 ? `${formatCount(running)} running` : '',
  };
}

const beginWords = (at: number, { from, zone, now }: Known): string =>
  `from +${formatDuration((at - from) / 1e6)}, ${formatMoment(at, zone, now, 3)}`;

export function rowLines(row: Row, known: Known): string[] {
  if (row.kind === 'run') return runLines(row.run, isOver(row.part.head), known);
  if (row.kind === 'note') return [];
  const { runs } = row.item;
  const { done, failed, running } = countWords(runs);
  const begin = runs.reduce((first, run) => Math.min(first, beginOf(run) ?? Infinity), Infinity);
  return [
    ...[`${done} runs${runs.every(isOver) ? '' : ' are over'}`, failed, running].filter((one) => one),
    ...(begin < Infinity ? [beginWords(begin, known)] : []),
    ...(runs.some((run) => known.critical.has(run)) ? ['one is on the critical path'] : []),
  ];
}

/** `over`: its flow run has ended. */
function runLines(run: TaskRun, over: boolean, known: Known): string[] {
  const { moment, critical, errorsOf } = known;
  const lines = [run.state_name ?? run.state_type ?? 'No state'];
  const begin = beginOf(run);
  const waited = secondsBetween(begin, run.start_time ?? (isOver(run) ? null : moment));
  if (begin !== null) lines.push(beginWords(begin, known));
  if (waited !== null && waited >= 0.0005) lines.push(`waited ${formatDuration(waited)}`);
  const ran = secondsBetween(run.start_time, endOf(run, moment));
  if (!isOver(run) && over) {
    // Prefect leaves runs so whose inputs failed
    if (run.state_name !== 'NotReady') lines.push('never ended, as far as is known: its flow run has');
  } else if (ran !== null) lines.push(`${isOver(run) ? 'ran' : 'runs since'} ${formatDuration(ran)}`);
  const attempts = spansOf(run, moment).filter(({ attempt }) => attempt !== null);
  if (run.run_count > 1 || attempts.length > 1) {
    const list =
      attempts.length > 1
        ? `: ${attempts.map((one) => formatDuration((one.to - one.from) / 1e6)).join(', ')}`
        : ', times not kept';
    lines.push(`${Math.max(run.run_count, attempts.length)} attempts${list}`, ...errorsOf(run));
  }
  if (critical.has(run)) lines.push('on the critical path');
  if (run.outside > 0) lines.push(plural(run.outside, 'input') + ' from elsewhere');
  return lines;
}

/** The first names of several, and how many more there are. */
export const firstOf = (names: readonly string[]): string =>
  (names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names).join(', ');
