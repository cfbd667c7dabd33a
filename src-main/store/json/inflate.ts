/**
 * Inflates many short zlib streams. Node's `inflateSync` makes a stream object for each: 10 to 13 µs for a row of 1.75 kB, of which zlib itself takes
 * 5 (CPU time). Here one object is made for each dictionary and reset for each row. Resetting it synchronously is not in Node's documented API, so
 * its handle is used; where a Node has no such handle, or the handle does not inflate a known stream, `inflateSync` does the work.
 */
import { constants, createInflate, deflateSync, inflateSync } from 'node:zlib';

/** What is used of the handle within Node's stream. `writeState`: bytes of room and of input that are left after a write. */
type Handle = {
  reset: () => void;
  writeSync: (
    flush: number,
    input: Uint8Array,
    from: number,
    length: number,
    out: Buffer,
    at: number,
    room: number,
  ) => void;
  onerror: (message: string) => void;
};
type Inner = { _handle?: Handle; _writeState?: Uint32Array };

/** Bytes. A longer row is inflated by `inflateSync`. */
const ROOM = 64 * 1024;
/** Bytes that `inflateSync` allots at a time. */
const PIECE = 4096;
const out = Buffer.allocUnsafeSlow(ROOM);

/** Returns the bytes in `out`; −1: they do not fit. Throws for a stream that zlib refuses, or that ends too early. */
type Inflater = (z: Uint8Array) => number;

function makeInflater(dictionary: Uint8Array | undefined): Inflater | null {
  const { _handle: handle, _writeState: state } = createInflate({ dictionary }) as unknown as Inner;
  if (typeof handle?.writeSync !== 'function' || typeof handle.reset !== 'function' || !state) return null;
  let problem: string | null = null;
  handle.onerror = (message) => (problem = message);
  return (z) => {
    problem = null;
    handle.reset();
    handle.writeSync(constants.Z_FINISH, z, 0, z.length, out, 0, ROOM);
    if (problem !== null) throw new Error(problem);
    return state[0] === 0 ? -1 : ROOM - state[0];
  };
}

const plain = makeInflater(undefined);
const byDictionary = new WeakMap<Uint8Array, Inflater>();

/** Does this Node have the handle? */
export const resets: boolean = (() => {
  const text = Buffer.from('a known text');
  try {
    return plain !== null && [1, 2].every(() => out.subarray(0, plain(deflateSync(text))).equals(text));
  } catch {
    return false;
  }
})();

function inflaterOf(dictionary: Uint8Array | undefined): Inflater | null {
  if (!resets || dictionary === undefined) return resets ? plain : null;
  let found = byDictionary.get(dictionary);
  if (!found) {
    const made = makeInflater(dictionary);
    if (!made) return null;
    byDictionary.set(dictionary, (found = made));
  }
  return found;
}

/** The bytes are the caller's. Throws for a damaged stream, and for one that is longer than `most` bytes. */
export function inflate(z: Uint8Array, dictionary: Uint8Array | undefined, most: number): Buffer {
  const length = inflaterOf(dictionary)?.(z) ?? -1;
  return length < 0
    ? inflateSync(z, { chunkSize: PIECE, maxOutputLength: most, dictionary })
    : Buffer.from(out.subarray(0, length));
}
