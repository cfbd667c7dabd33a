/**
 * The run time of every task run as Prefect estimates it. Of RUNNING runs it grows with the clock: those few are computed anew for each moment that
 * is asked about, all others with their rows only.
 */
import { MICROS_PER_SECOND } from '../../contract/time.ts';
import type { NumberColumn, TermColumn } from './columns.ts';

/** The name of the field in contract/fields.ts. */
export const RUN_TIME = 'estimated_run_time';

type Sources = { total: NumberColumn; since: NumberColumn; state: TermColumn };

export class RunTimes {
  /** Seconds at `now`; NaN is null. */
  readonly column: NumberColumn;
  readonly #sources: Sources;
  readonly #running = new Set<number>();
  /** µs */
  #now: number;

  constructor(column: NumberColumn, sources: Sources, now: number) {
    this.column = column;
    this.#sources = sources;
    this.#now = now;
  }

  /** Takes in rows that are new or have changed. */
  update(rids: Iterable<number>): void {
    const { state, total } = this.#sources;
    const running = state.dictionary.find('RUNNING');
    for (const rid of rids) {
      const grows = running !== 0 && state.codes[rid] === running;
      if (grows) this.#running.add(rid);
      else this.#running.delete(rid);
      this.column.set(rid, grows ? this.#estimate(rid) : total.get(rid));
    }
  }

  /** Computes the RUNNING rows for the moment `now`, µs; returns those that have another value than before. */
  moveTo(now: number): number[] {
    if (now === this.#now) return [];
    this.#now = now;
    return [...this.#running].filter((rid) => this.column.set(rid, this.#estimate(rid)));
  }

  #estimate(rid: number): number {
    const { total, since } = this.#sources;
    return total.get(rid) + (this.#now - since.get(rid)) / MICROS_PER_SECOND;
  }
}
