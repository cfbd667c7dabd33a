/**
 * Runs that come to match a watched condition. Everything is a mask of the one engine: what matches, and of that what has changed since the watch
 * began or matches by the clock alone; the rows that were handed out before are taken off. At a million rows a watch took 4 to 9 ms of a pass after 200 changed rows (machine under load).
 */
import type { Condition } from '../../contract/query.ts';
import { hasLeaf, TRUE } from '../../contract/query.ts';
import * as rowSet from '../../query/columns/row-set.ts';
import type { RowSet } from '../../query/columns/row-set.ts';
import type { Engine } from '../../query/engine.ts';

/** µs between two looks without any changed row, for conditions that the clock alone changes. */
const CLOCK_EVERY = 60_000_000;

/** `key`: names the watch to this thread. `told`: ids that are not wanted any more; null: those handed out since the last call are known. */
export type WatchedCondition = {
  key: string;
  where: Condition;
  /** µs; what changed before is not new */
  since: number;
  /** µs; when it was last looked */
  looked: number;
  /** µs; runs created until then are not wanted. null: any is */
  floor: number | null;
  told: string[] | null;
};

/** See `Found` in watches/kept-watch.ts. */
export type NewMatches = {
  runs: { id: string; created: number }[];
  cut: { count: number; created: number } | null;
};

export class MatchFinder {
  readonly #engine: Engine;
  /** By key: rows that are not looked at again. */
  readonly #done = new Map<string, RowSet>();
  /** By key: the version of index and notes that was looked at. */
  readonly #versions = new Map<string, number>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * What is new at `now`, µs; at most `most` of it. null: it was not looked, since no row has changed and the clock has not gone on by much. Questions
   * may be asked at each step, and rows may change: what is left behind takes 20 ms at a million rows, and is asked for by two clocks. Throws BAD_INPUT
   * for a condition that cannot be asked.
   */
  *find(watch: WatchedCondition, now: number, most: number): Generator<void, NewMatches | null, undefined> {
    const engine = this.#engine;
    const unchanged = watch.told === null && this.#versions.get(watch.key) === this.#version;
    if (unchanged && now >= watch.looked && now - watch.looked < CLOCK_EVERY) return null;
    let before: RowSet;
    do {
      this.#versions.set(watch.key, this.#version);
      // when the clock was set back, a row that matches again as it did earlier is not new
      before = engine.mask('task_run', watch.where, Math.min(watch.looked, now));
      yield;
    } while (this.#versions.get(watch.key) !== this.#version);
    const matching = engine.mask('task_run', watch.where, now);
    // a row that does not match as it is now by the clock of the last look has come to match by the clock alone
    const byClock = before === matching ? null : rowSet.andNot(matching, before);
    const changed = rowSet.and(matching, engine.mask('task_run', changedSince(watch), now));
    let candidates = byClock ? rowSet.or(changed, byClock) : changed;
    if (watch.floor !== null)
      candidates = rowSet.and(candidates, engine.mask('task_run', { field: 'created', from: watch.floor + 1 }, now));
    const done = this.#doneOf(watch, candidates.length, now);
    const fresh = rowSet.andNot(candidates, done);
    this.#done.set(watch.key, rowSet.or(candidates, done));
    return this.#list(fresh, most);
  }

  /** Of index and notes: both only grow, and a note is a change of the rows that it is about. */
  get #version(): number {
    return this.#engine.version + this.#engine.noteChanges;
  }

  /** Forgets watches that are no more. */
  keep(keys: ReadonlySet<string>): void {
    for (const kept of [this.#done, this.#versions])
      for (const key of kept.keys()) if (!keys.has(key)) kept.delete(key);
  }

  #doneOf({ key, told }: WatchedCondition, words: number, now: number): RowSet {
    const kept = this.#done.get(key);
    const done: RowSet = new Int32Array(words);
    if (told === null && kept) {
      // the number of a removed row may be given to another run
      const listed = this.#engine.mask('task_run', TRUE, now);
      for (let i = 0; i < Math.min(words, kept.length); i++) done[i] = kept[i] & listed[i];
    } else {
      for (const id of told ?? []) {
        const rid = this.#engine.ridOf('task_run', id);
        if (rid !== null && rid < words * 32) rowSet.add(done, rid);
      }
    }
    return done;
  }

  #list(fresh: RowSet, most: number): NewMatches {
    const count = rowSet.count(fresh);
    if (count === 0) return { runs: [], cut: null };
    const created = this.#engine.accessor('created');
    const at = (rid: number) => Number(created(rid) ?? 0);
    const rids = [...rowSet.rowsOf(fresh, count)].sort((a, b) => at(b) - at(a) || b - a);
    const runs = rids.slice(0, most).map((rid) => ({ id: this.#engine.idOf('task_run', rid), created: at(rid) }));
    return { runs, cut: count > most ? { count: count - most, created: at(rids[most]) } : null };
  }
}

/**
 * The state's own time. Where the condition asks for it, also when the server was found not to have the run any more: a server that forgets old
 * runs makes no new failures of them.
 */
const changedSince = ({ where, since }: WatchedCondition): Condition => ({
  or: [
    { field: 'state_timestamp', from: since },
    ...(hasLeaf(where, (leaf) => 'field' in leaf && leaf.field === 'gone') ? [{ field: 'gone', from: since }] : []),
    {
      and: [
        { field: 'state_timestamp', isNull: true },
        { field: 'created', from: since },
      ],
    },
  ],
});
