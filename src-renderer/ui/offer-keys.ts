/** The keys of a field that offers something (Offers.svelte). */

/** Offers that PageUp and PageDown pass over. */
const PAGE = 8;

/**
 * The place after a key, of `length` offers; null: the key moves nothing. `free`: -1 is a place too, on none of the offers, which is where the
 * field begins.
 */
export function offerAt(key: string, at: number, length: number, free: boolean): number | null {
  if (length === 0) return null;
  const last = length - 1;
  switch (key) {
    case 'ArrowDown':
      return at < last ? at + 1 : free ? -1 : 0;
    case 'ArrowUp':
      return at > 0 ? at - 1 : at === 0 && free ? -1 : last;
    case 'PageDown':
      return Math.min(last, at + PAGE);
    case 'PageUp':
      return Math.max(0, at - PAGE);
    default:
      return null;
  }
}
