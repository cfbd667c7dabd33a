/**
 * The memory that kernels and JavaScript share; columns live in it. There is one WebAssembly memory a thread, because each reserves some
 * 10 GB of addresses. It is a shared memory, because growing an unshared one would detach every array in it. It holds at most 4 GiB, which
 * is 28 million task runs.
 */

/** `at`: address. `size`: bytes. */
type Block = { at: number; size: number };
export type Words = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
type WordsType<T extends Words> = {
  new (buffer: ArrayBufferLike, at: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
};

const PAGE = 65_536;
/** Bytes: a cache line, which also suits 128-bit loads. */
const ALIGNMENT = 64;
const MAX_PAGES = 65_536;

export const memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES, shared: true });

/** First address past the used part. The compiler's own statics lie below 1,024. */
let end = 1024;
/** First address that was never handed out: from here on the memory is zero, and its pages are not in use yet. */
let untouched = end;
/** Ascending by address; neighbours are always merged. */
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

/** Zeroes a block. Memory that was never used is zero already; touching it would cost a page fault every 4 kB. */
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

/** The arrays of one owner. Their memory is freed by `dispose`, or when the arena is garbage-collected. */
export class Arena {
  readonly #blocks = new Map<number, number>();

  constructor() {
    owners.register(this, this.#blocks);
  }

  /** A new array of zeros. Throws RangeError when there is no more memory. */
  array<T extends Words>(type: WordsType<T>, length: number): T {
    return this.#make(type, length, true);
  }

  /** A new array that is not zeroed, for callers that overwrite all of it. Throws RangeError when there is no more memory. */
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

let scratchBlock: Block = { at: 0, size: 0 };

/**
 * Addresses of scratch memory for one call of a kernel, one for each of the sizes (bytes), not zeroed. The next call of this function
 * hands out the same memory again.
 */
export function scratch<const Sizes extends readonly number[]>(...sizes: Sizes): { [K in keyof Sizes]: number } {
  const total = sizes.reduce((sum, bytes) => sum + aligned(bytes), 0);
  if (total > scratchBlock.size) {
    if (scratchBlock.size > 0) give(scratchBlock);
    scratchBlock = take(total);
    untouched = Math.max(untouched, scratchBlock.at + scratchBlock.size);
  }
  let at = scratchBlock.at;
  return sizes.map((bytes) => {
    const piece = at;
    at += aligned(bytes);
    return piece;
  }) as { [K in keyof Sizes]: number };
}

/** Frees the scratch memory for arenas to use. */
export function freeScratch(): void {
  if (scratchBlock.size > 0) give(scratchBlock);
  scratchBlock = { at: 0, size: 0 };
}

let bytes = new Uint8Array(memory.buffer);

/** Copies an array to an address. */
export function put(at: number, data: Words): void {
  if (bytes.length !== memory.buffer.byteLength) bytes = new Uint8Array(memory.buffer);
  bytes.set(data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
}

/** True for arrays of an arena: their `byteOffset` is their address. */
export const isInArena = (data: Words): boolean => data.buffer instanceof SharedArrayBuffer;

export function clear(at: number, length: number): void {
  new Uint8Array(memory.buffer, at, length).fill(0);
}

/** Copies from an address into memory of their own. */
export function copied32(at: number, length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(memory.buffer, at, length).slice();
}
export function copiedNumbers(at: number, length: number): Float64Array<ArrayBuffer> {
  return new Float64Array(memory.buffer, at, length).slice();
}
export function copiedRowSet(at: number, words: number): Int32Array<ArrayBuffer> {
  return new Int32Array(memory.buffer, at, words).slice();
}
