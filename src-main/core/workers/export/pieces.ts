/** Rows of an export piece by piece: as many as make a chunk of about a megabyte, however long they are. */

/** Bytes that a chunk of long rows has. */
export const CHUNK = 1_000_000;
/** Rows of the first piece: how long they are is not known yet. */
const FIRST = 50;

/**
 * `rows`: how many there are up to the end of the piece. A piece has `most` rows, or as many as make a chunk by the size of the one before,
 * which the caller puts into `last` (bytes, or characters): a row may have a megabyte.
 */
export function* pieces(
  order: Uint32Array,
  most: number,
  last: { size: number },
): Generator<{ rids: Uint32Array; rows: number }> {
  let length = Math.min(most, FIRST);
  for (let at = 0; at < order.length;) {
    const rids = order.subarray(at, at + length);
    at += rids.length;
    yield { rids, rows: at };
    const fits = Math.floor((rids.length * CHUNK) / Math.max(1, last.size));
    length = Math.max(1, Math.min(most, fits, length * 4));
  }
}
