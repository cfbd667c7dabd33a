/**
 * Memory that kernels and JavaScript both see: columns live here. One WebAssembly memory for the thread, since each
 * reserves some 10 GB of addresses; shared, since growing one that is not would detach every array in it. At most 4 GiB,
 * which is 28 million task runs.
 */
type Block = { at: number; size: number };
export type Words = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
type WordsType<T extends Words> = {
  new (buffer: ArrayBufferLike, at: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
};

const PAGE = 65_536;
/** a cache line; also what 128-bit loads like */
const ALIGNMENT = 64;
const MAX_PAGES = 65_536;

export const memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES, shared: true });

/** below are the compiler's own statics */
let end = 1024;
/** from here on nothing was ever handed out: zeros, and pages the system has not given yet */
let untouched = end;
/** by address, never two that touch */
const free: Block[] = [];

const aligned = (bytes: number): number => Math.ceil(Math.max(bytes, 1) / ALIGNMENT) * ALIGNMENT;

/** Throws RangeError when the system gives no more memory or 4 GiB are used. */
function take(bytes: number): Block {
  const size = aligned(bytes);
  let best = -1;
  for (let i = 0; i < free.length; i++)
    if (free[i].size >= size && (best < 0 || free[i].size < free[best].size)) best = i;
  if (best >= 0) {
    const { at } = free[best];
    if (free[best].size === size) free.splice(best, 1);
    else free[best] = { at: at + size, size: free[best].size - size };
    return { at, size };
  }
  const missing = end + size - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  const at = end;
  end += size;
  return { at, size };
}

/** From an address on, zeros; what was never used is that already, and touching it would cost a page fault each 4 kB. */
function zero({ at, size }: Block): void {
  const used = Math.min(size, Math.max(0, untouched - at));
  if (used > 0) new Uint8Array(memory.buffer, at, used).fill(0);
}

function give(block: Block): void {
  let i = free.findIndex(({ at }) => at > block.at);
  if (i < 0) i = free.length;
  let { at, size } = block;
  const before = free[i - 1];
  const after = free[i];
  let drop = 0;
  if (after && at + size === after.at) {
    size += after.size;
    drop = 1;
  }
  if (before && before.at + before.size === at) {
    at = before.at;
    size += before.size;
    i -= 1;
    drop += 1;
  }
  if (at + size === end) {
    end = at;
    free.splice(i, drop);
  } else free.splice(i, drop, { at, size });
}

/** Arrays of one owner. They go with it: by `dispose`, or when nobody holds the owner any more. */
export class Arena {
  readonly #blocks = new Map<number, number>();

  constructor() {
    owners.register(this, this.#blocks);
  }

  /** Zeros. Throws RangeError when there is no more memory. */
  array<T extends Words>(type: WordsType<T>, length: number): T {
    return this.#make(type, length, true);
  }

  /** Whatever was there before, for who writes all of it. Throws RangeError when there is no more memory. */
  room<T extends Words>(type: WordsType<T>, length: number): T {
    return this.#make(type, length, false);
  }

  #make<T extends Words>(type: WordsType<T>, length: number, zeros: boolean): T {
    const block = take(length * type.BYTES_PER_ELEMENT);
    if (zeros) zero(block);
    untouched = Math.max(untouched, block.at + block.size);
    this.#blocks.set(block.at, block.size);
    return new type(memory.buffer, block.at, length);
  }

  /** A longer copy; `old` must not be used afterwards. */
  grown<T extends Words>(old: T, length: number): T {
    const made = this.array(old.constructor as WordsType<T>, length);
    made.set(old);
    this.free(old);
    return made;
  }

  free(array: Words): void {
    const size = this.#blocks.get(array.byteOffset);
    if (size === undefined) return;
    this.#blocks.delete(array.byteOffset);
    give({ at: array.byteOffset, size });
  }

  dispose(): void {
    giveAll(this.#blocks);
  }
}

const owners = new FinalizationRegistry<Map<number, number>>(giveAll);

function giveAll(blocks: Map<number, number>): void {
  for (const [at, size] of blocks) give({ at, size });
  blocks.clear();
}

let scratch: Block = { at: 0, size: 0 };

/**
 * Addresses of pieces of so many bytes each, for one call of a kernel; the next call of this function uses the same room
 * again. Holds whatever was there before.
 */
export function pieces<const Sizes extends readonly number[]>(...sizes: Sizes): { [K in keyof Sizes]: number } {
  const total = sizes.reduce((sum, bytes) => sum + aligned(bytes), 0);
  if (total > scratch.size) {
    if (scratch.size > 0) give(scratch);
    scratch = take(total);
    untouched = Math.max(untouched, scratch.at + scratch.size);
  }
  let at = scratch.at;
  return sizes.map((bytes) => {
    const piece = at;
    at += aligned(bytes);
    return piece;
  }) as { [K in keyof Sizes]: number };
}

/** Gives the room of `pieces` to the arenas. */
export function freePieces(): void {
  if (scratch.size > 0) give(scratch);
  scratch = { at: 0, size: 0 };
}

let bytes = new Uint8Array(memory.buffer);

/** Copies into a piece. */
export function put(at: number, data: Words): void {
  if (bytes.length !== memory.buffer.byteLength) bytes = new Uint8Array(memory.buffer);
  bytes.set(data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
}

/** Is it an array of an arena? Then its `byteOffset` is its address. */
export const isHeld = (data: Words): boolean => data.buffer instanceof SharedArrayBuffer;

export function clear(at: number, length: number): void {
  new Uint8Array(memory.buffer, at, length).fill(0);
}

/** A copy of a piece that stays as it is. */
export function copied32(at: number, length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(memory.buffer, at, length).slice();
}
export function copiedNumbers(at: number, length: number): Float64Array<ArrayBuffer> {
  return new Float64Array(memory.buffer, at, length).slice();
}
export function copiedBits(at: number, words: number): Int32Array<ArrayBuffer> {
  return new Int32Array(memory.buffer, at, words).slice();
}
