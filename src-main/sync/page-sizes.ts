/** How many rows a page of each route may have, learned from pages that fail: rows may be large, and one row may make its page fail. */
import type { Entity } from '../contract/fields.ts';

/** Rows. A page of so few that fails is read row by row. */
export const SMALLEST = 8;

export class PageSizes {
  readonly #size = new Map<Entity, number>();
  /** sizes at which the route's replies were too large or too slow: not tried again in this sync */
  readonly #most = new Map<Entity, number>();

  of(entity: Entity, limit: number): number {
    return Math.min(limit, this.#size.get(entity) ?? limit);
  }

  /** A page of `size` rows failed. `heavy`: because of its size. */
  failed(entity: Entity, size: number, heavy: boolean): void {
    const half = Math.max(1, size >> 1);
    this.#size.set(entity, half);
    if (heavy) this.#most.set(entity, half);
  }

  /** A page of `size` rows, or the row in question, has been read: the next may be twice as large. */
  read(entity: Entity, size: number): void {
    const now = this.#size.get(entity);
    if (now === undefined) return;
    this.#size.set(entity, Math.min(Math.max(now, size * 2), this.#most.get(entity) ?? Infinity));
  }
}
