/** How many rows a page of each route may have, learned from pages that fail: rows may be large, and one row may make its page fail. */
import type { DocumentKind, Entity } from '../contract/fields.ts';

/** Rows. A page of so few that fails is read row by row. */
export const SMALLEST = 8;

type Kind = Entity | DocumentKind;

/** Kept from one sync to the next while the app runs, and forgotten when the server is learned anew: its rows may be smaller by then. */
export class PageSizes {
  readonly #size = new Map<Kind, number>();
  /** sizes at which the route's replies were too large or too slow: not tried again */
  readonly #most = new Map<Kind, number>();

  /** how often pages of a size have failed since one as large was read */
  readonly #failures = new Map<Kind, Map<number, number>>();

  forget(): void {
    for (const map of [this.#size, this.#most, this.#failures]) map.clear();
  }

  of(kind: Kind, limit: number): number {
    return Math.min(limit, this.#size.get(kind) ?? limit);
  }

  /** A page of `size` rows failed. `heavy`: because of its size. */
  failed(kind: Kind, size: number, heavy: boolean): void {
    const half = Math.max(1, size >> 1);
    this.#size.set(kind, half);
    const failures = this.#failures.get(kind) ?? new Map<number, number>();
    this.#failures.set(kind, failures.set(size, (failures.get(size) ?? 0) + 1));
    // one row may fail, but not three in a row: something between here and the server does not pass so much
    if (heavy || (failures.get(size) ?? 0) >= 3) this.#most.set(kind, half);
  }

  /** A page of `size` rows, or the row in question, has been read: the next may be twice as large. */
  read(kind: Kind, size: number): void {
    const now = this.#size.get(kind);
    if (now === undefined) return;
    const failures = this.#failures.get(kind);
    for (const failed of failures?.keys() ?? []) if (failed <= size) failures?.delete(failed);
    this.#size.set(kind, Math.min(Math.max(now, size * 2), this.#most.get(kind) ?? Infinity));
  }
}
