/** The rows of a mask in groups: what is counted of each group, its percentiles and its sparkline. */
import { failureStateTypes } from '../../contract/fields.ts';
import { MICROS_PER_SECOND } from '../../contract/time.ts';
import { Arena, isInArena, type Words } from '../kernels/heap.ts';
import { kernels } from '../kernels/instance.ts';
import { MEDIAN, nearestRank, P95 } from '../percentile.ts';
import type { NumberColumn, TermColumn } from './columns.ts';
import type { RowSet } from './row-set.ts';
import type { Table } from './table.ts';

/** Which groups a row is in: they follow from its code. */
export type Membership = {
  /** by rid */
  codes: Uint16Array | Uint32Array;
  /** the groups of a code are items[starts[code] … starts[code + 1]); null: each code is a group */
  lists: { starts: Uint32Array; items: Uint32Array } | null;
  groups: number;
};

/** By group. Durations are end − start, seconds, and NaN where no run has one; starts are µs, NaN where no run has begun. */
export type Figures = {
  runs: Uint32Array;
  failed: Uint32Array;
  retried: Uint32Array;
  /** runs that have a duration */
  timed: Uint32Array;
  total: Float64Array;
  longest: Float64Array;
  last: Float64Array;
};

/** The rows of `mask`, which are those in question that have a duration, shortest first; `rows` may have others among them. */
export type ByDuration = { rows: Uint32Array; mask: RowSet };

/** Columns of a sparkline: a line of text has room for as many. */
const SPARK = 20;

/** 32-bit words of a group in the kernels' tables. */
const [FIGURES, RANKS] = [10, 5];

/** Holds memory of the kernels until `dispose`. */
export class GroupRows {
  readonly #arena = new Arena();
  readonly #table: Table;
  readonly #mask: number;
  readonly #words: number;
  readonly #groups: number;
  /** What each kernel is told of the groups: addresses of codes, of starts and of items, and whether codes have 32 bits. */
  readonly #of: readonly [codes: number, isWide: number, starts: number, items: number];
  /** µs, the first and the last start that `count` has met */
  #span = [Infinity, -Infinity];

  constructor(table: Table, mask: RowSet, { codes, lists, groups }: Membership) {
    this.#table = table;
    this.#mask = this.#copy(mask);
    this.#words = mask.length;
    this.#groups = groups;
    const [starts, items] = lists ? [this.#copy(lists.starts), this.#copy(lists.items)] : [0, 0];
    this.#of = [this.#addressOf(codes), isWide(codes), starts, items];
  }

  dispose(): void {
    this.#arena.dispose();
  }

  #copy(data: Words): number {
    const made = this.#arena.room(data.constructor as typeof Uint32Array, data.length);
    made.set(data);
    return made.byteOffset;
  }

  #addressOf(data: Words): number {
    return isInArena(data) ? data.byteOffset : this.#copy(data);
  }

  #numbers(field: string): number {
    const { values } = this.#table.columns.get(field) as NumberColumn;
    // a column without any value has no memory
    return values.length > 0 ? values.byteOffset : this.#copy(new Float64Array(this.#table.size).fill(NaN));
  }

  count(): Figures {
    const groups = this.#groups;
    const { codes: states, dictionary } = this.#table.columns.get('state_type') as TermColumn;
    const failed = Uint8Array.from(dictionary.texts, (text) => (failureStateTypes.includes(text) ? 1 : 0));
    const figures = this.#arena.array(Uint32Array, groups * FIGURES);
    const sums = new Float64Array(figures.buffer, figures.byteOffset, groups * (FIGURES / 2));
    for (let at = 0; at < sums.length; at += FIGURES / 2) sums[at + 3] = sums[at + 4] = NaN;
    const span = this.#arena.array(Float64Array, 2);
    span.set(this.#span);
    kernels.countGroups(
      ...this.#of,
      this.#addressOf(states),
      isWide(states),
      this.#copy(failed),
      this.#numbers('run_count'),
      this.#numbers('start_time'),
      this.#numbers('end_time'),
      this.#mask,
      this.#words,
      figures.byteOffset,
      span.byteOffset,
    );
    this.#span = [...span];
    const counts = (at: number) => valuesAt(figures, FIGURES, at, new Uint32Array(groups));
    const numbers = (at: number) => valuesAt(sums, FIGURES / 2, at, new Float64Array(groups));
    const seconds = (at: number) => numbers(at).map((micros) => micros / MICROS_PER_SECOND);
    const [runs, failedRuns, retried, timed] = [0, 1, 2, 3].map(counts);
    return { runs, failed: failedRuns, retried, timed, total: seconds(2), longest: seconds(3), last: numbers(4) };
  }

  /**
   * Median and 95th percentile of the durations of each group, seconds, by nearest rank; NaN where none has one. `timed`: of `count`.
   */
  percentiles({ rows, mask }: ByDuration, timed: Uint32Array): { median: Float64Array; p95: Float64Array } {
    const ranks = this.#arena.array(Uint32Array, this.#groups * RANKS);
    for (let group = 0; group < timed.length; group++) {
      ranks[group * RANKS + 1] = nearestRank(timed[group], MEDIAN);
      ranks[group * RANKS + 2] = nearestRank(timed[group], P95);
    }
    kernels.rankGroups(this.#addressOf(rows), rows.length, this.#copy(mask), ...this.#of, ranks.byteOffset);
    const { values: starts } = this.#table.columns.get('start_time') as NumberColumn;
    const { values: ends } = this.#table.columns.get('end_time') as NumberColumn;
    const durations = (at: number) => {
      const found = new Float64Array(timed.length).fill(NaN);
      for (let group = 0; group < timed.length; group++) {
        const row = ranks[group * RANKS + at];
        if (timed[group] > 0) found[group] = (ends[row] - starts[row]) / MICROS_PER_SECOND;
      }
      return found;
    };
    return { median: durations(3), p95: durations(4) };
  }

  /** Equal stretches over all starts that `count` has met, `step` µs each, and how many runs of each of these groups start in each. */
  sparks(groups: readonly number[]): { from: number; step: number; counts: number[][] } {
    const [low, high] = this.#span;
    if (low > high) return { from: 0, step: 1, counts: groups.map(() => new Array<number>(SPARK).fill(0)) };
    const step = Math.max(1, Math.ceil((high - low + 1) / SPARK));
    const places = this.#arena.array(Uint32Array, this.#groups);
    groups.forEach((group, i) => (places[group] = i + 1));
    const columns = this.#arena.array(Uint32Array, (groups.length + 1) * SPARK);
    const starts = this.#numbers('start_time');
    kernels.drawGroups(...this.#of, places.byteOffset, starts, this.#mask, this.#words, low, step, SPARK, columns.byteOffset); // prettier-ignore
    const counts = groups.map((_, i) => Array.from(columns.subarray((i + 1) * SPARK, (i + 2) * SPARK)));
    return { from: low, step, counts };
  }
}

const isWide = (codes: Uint16Array | Uint32Array): number => (codes instanceof Uint32Array ? 1 : 0);

/** One of the values that stand together by group, `step` values each. */
function valuesAt<T extends Uint32Array | Float64Array>(together: T, step: number, at: number, into: T): T {
  for (let group = 0; group < into.length; group++) into[group] = together[group * step + at];
  return into;
}
