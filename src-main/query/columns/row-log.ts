/**
 * The changes of a table since it was loaded; an order catches up from them when it is next needed. Each entry has one bit for each column
 * that changed (`Table.bitOf`): most updates of a run leave its name, id and expected start alone, so orders by those need not move it.
 */

/** The row is new. */
export const NEW = 1 << 30;
/** The row is newly listed or no longer listed, or has another id: every order is concerned. */
export const ALL = -1;

/** Entries kept. An order that lags behind by more is built anew instead of merged. */
const KEPT = 65_536;

export class RowLog {
  #rids: number[] = [];
  #changes: number[] = [];
  /** Entries dropped from the front. */
  #dropped = 0;

  /** The place after the last entry; it grows with every change. */
  get end(): number {
    return this.#dropped + this.#rids.length;
  }

  add(rid: number, change: number): void {
    this.#rids.push(rid);
    this.#changes.push(change);
  }

  trim(): void {
    if (this.#rids.length <= KEPT) return;
    const excess = this.#rids.length - KEPT / 2;
    this.#rids = this.#rids.slice(excess);
    this.#changes = this.#changes.slice(excess);
    this.#dropped += excess;
  }

  /** Distinct rows of the entries from `place` on whose change has one of the bits `of`; null when those entries were dropped. */
  since(place: number, of: number): number[] | null {
    if (place < this.#dropped) return null;
    const found = new Set<number>();
    for (let i = place - this.#dropped; i < this.#rids.length; i++)
      if ((this.#changes[i] & of) !== 0) found.add(this.#rids[i]);
    return [...found];
  }
}
