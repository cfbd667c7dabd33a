/**
 * What changed in a table since it was loaded, so that orders can catch up when they are next needed. Each entry says
 * which columns are different: most updates of a run leave its name, id and expected start alone, and orders by those
 * need not move a row.
 */

/** one bit a column, as `Table.bitOf` numbers them; the two highest are these */
export const NEW = 1 << 30;
/** listed or no longer listed, another id: every order is concerned */
export const ALL = -1;

/** An order that lags behind by more entries is built anew instead of merged. */
const KEPT = 65_536;

export class RowLog {
  #rids: number[] = [];
  #changes: number[] = [];
  /** entries dropped from the front */
  #dropped = 0;

  /** place after the last entry; grows with every change */
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

  /** Distinct rows of the entries from `place` on whose change has one of the bits; null when they are no longer known. */
  since(place: number, of: number): number[] | null {
    if (place < this.#dropped) return null;
    const found = new Set<number>();
    for (let i = place - this.#dropped; i < this.#rids.length; i++)
      if ((this.#changes[i] & of) !== 0) found.add(this.#rids[i]);
    return [...found];
  }
}
