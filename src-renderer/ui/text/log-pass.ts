/** Which lines of a log are shown and where they stand, found in slices so that a million lines do not stop the window. */
import { LineChooser, type Level, type LogFilter } from '../../../src-main/contract/log-filter.ts';
import { logSearch } from '../../../src-main/contract/log-search.ts';
import { byTimeAndId, type LinePlace, type LogLine } from '../../../src-main/contract/run.ts';
import { Slices } from '../../scheduling.ts';
import { ROW, rowsOf } from './log-layout.ts';
import { LogCounts } from './log-counts.ts';

export type LogLayout = {
  /** characters in a row, Infinity without wrapping */
  columns: number;
  /** id → characters drawn at most, of lines that were unfolded */
  rooms: ReadonlyMap<string, number>;
  /** the first line after those that are missing; null: none are */
  late: LinePlace | null;
};

export type Shown = {
  lines: readonly LogLine[];
  /** ids of the lines that are shown only because they stand beside a hit */
  around: ReadonlySet<string>;
  /** px from the top of the log, one more for its end */
  tops: Float64Array;
  /** places of errors, ascending */
  errors: readonly number[];
  /** place of the first line after those that are missing; -1: none */
  afterGap: number;
  /** of all lines, also those that are not shown */
  levels: Readonly<Record<Level, number>>;
  loggers: readonly [name: string, lines: number][];
};

/** Rows that the words "lines are missing here" take. */
const GAP_ROWS = 2;
/** Lines, and characters in them, that are looked at before it is asked whether the page is to get a turn: up to 3 ms. */
const STEP_LINES = 500;
const STEP_CHARACTERS = 500_000;

export const nothing: Shown = {
  ...{ lines: [], around: new Set<string>(), tops: new Float64Array(1), errors: [], afterGap: -1 },
  ...{ levels: new LogCounts().levels, loggers: [] },
};

/** What a pass has come to, for the next one to go on from. */
type Passed = { key: string; logs: readonly LogLine[]; late: LinePlace | null; counts: LogCounts; shown: Shown };

/** The first place in a log at or after this one. */
export function placeOf(lines: readonly LogLine[], place: LinePlace): number {
  return firstWhere(lines.length, (i) => byTimeAndId(lines[i], place) >= 0);
}

/** `holds` is false up to some place and true from there on. */
function firstWhere(length: number, holds: (at: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export class LogPass {
  private asked = 0;
  private passed: Passed = { key: '', logs: [], late: null, counts: new LogCounts(), shown: nothing };

  /**
   * A later call replaces an earlier one, which then resolves to null. A log that has only grown is not looked at anew. `pause` is called before
   * the page gets a turn.
   */
  async find(
    logs: readonly LogLine[],
    filter: LogFilter,
    { columns, rooms, late }: LogLayout,
    pause: () => void,
  ): Promise<Shown | null> {
    const asked = ++this.asked;
    const key = JSON.stringify([filter, columns, [...rooms]]);
    const { counts, from, lines, tops, errors } = this.resume(key, logs, late, filter.context > 0);
    const around = new Set<string>();
    const chooser = new LineChooser(filter);
    const search = logSearch(filter.find, filter.regex);
    let afterGap = -1;
    const show = (line: LogLine, beside: boolean) => {
      const place = lines.length;
      let rows = rowsOf(line.message, columns, rooms.get(line.id), search);
      if (late && afterGap < 0 && byTimeAndId(line, late) >= 0) {
        afterGap = place;
        rows += GAP_ROWS;
      }
      if (line.level >= 40) errors.push(place);
      if (beside) around.add(line.id);
      lines.push(line);
      tops[place + 1] = tops[place] + rows * ROW;
    };
    const slices = new Slices();
    let characters = 0;
    for (let at = from; at < logs.length; at++) {
      const line = logs[at];
      characters += line.message.length;
      if ((at - from) % STEP_LINES === STEP_LINES - 1 || characters > STEP_CHARACTERS) {
        characters = 0;
        if (slices.due) {
          pause();
          await slices.rest();
          if (asked !== this.asked) return null;
        }
      }
      counts.count(line, 1);
      chooser.take(line, show);
    }
    const shown: Shown = {
      ...{ lines, around, errors, afterGap },
      ...{ tops: tops.subarray(0, lines.length + 1), levels: { ...counts.levels }, loggers: counts.loggers },
    };
    this.passed = { key, logs, late, counts, shown };
    return shown;
  }

  /** What the last pass found of the lines that are the same, up to the first that is another one. */
  private resume(key: string, logs: readonly LogLine[], late: LinePlace | null, anew: boolean) {
    const { passed } = this;
    const tops = new Float64Array(logs.length + 1);
    const most = Math.min(passed.logs.length, logs.length);
    const ends = [passed.late, late].map((place) => (place ? placeOf(logs, place) : most));
    const same = firstWhere(most, (i) => logs[i] !== passed.logs[i]);
    const from = anew || key !== passed.key ? 0 : Math.min(same, ...ends);
    if (from === 0) return { counts: new LogCounts(), from, lines: [] as LogLine[], tops, errors: [] as number[] };
    const { shown } = passed;
    const kept = from < passed.logs.length ? placeOf(shown.lines, passed.logs[from]) : shown.lines.length;
    const counts = passed.counts.copy();
    for (let i = from; i < passed.logs.length; i++) counts.count(passed.logs[i], -1);
    tops.set(shown.tops.subarray(0, kept + 1));
    const errors = shown.errors.slice(
      0,
      firstWhere(shown.errors.length, (i) => shown.errors[i] >= kept),
    );
    return { counts, from, lines: shown.lines.slice(0, kept), tops, errors };
  }
}
