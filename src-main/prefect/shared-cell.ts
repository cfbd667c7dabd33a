/**
 * A value that all threads of this process read and change, one at a time: JSON in shared memory, behind a lock that is held for
 * microseconds. For small things asked for a few hundred times a second; a message to another thread would come after the work it is
 * busy with.
 */
import { threadId } from 'node:worker_threads';

const LOCK = 0; // the holder's thread id + 1, 0: free
const CHANGES = 1; // counts them; what waits watches it
const LENGTH = 2; // bytes of the text
const HEAD = 12; // bytes

/** Whose lock it is, which outlives the thread if that ends in between. */
const me = threadId + 1;

export class SharedCell<T> {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Buffer<SharedArrayBuffer>;
  readonly #empty: T;

  /** `empty`: what is there before anybody has written. */
  constructor(memory: SharedArrayBuffer, empty: T) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, HEAD / 4);
    this.#bytes = Buffer.from(memory, HEAD);
    this.#empty = empty;
  }

  /** Runs `work` on the value while nobody else can; what it leaves is stored. It must not wait. Throws when the value has become too large. */
  update<R>(work: (value: T) => R): R {
    while (Atomics.compareExchange(this.#words, LOCK, 0, me) !== 0) continue; // whoever has it is about to give it back
    try {
      const before = this.#bytes.toString('latin1', 0, this.#words[LENGTH]);
      const value = before === '' ? structuredClone(this.#empty) : (JSON.parse(before) as T);
      const result = work(value);
      const after = JSON.stringify(value);
      if (after.length > this.#bytes.length) throw new RangeError(`${after.length} bytes for ${this.#bytes.length}`);
      if (after !== before) {
        this.#bytes.write(after, 0, 'latin1');
        this.#words[LENGTH] = after.length;
        Atomics.add(this.#words, CHANGES, 1);
        Atomics.notify(this.#words, CHANGES);
      }
      return result;
    } finally {
      Atomics.compareExchange(this.#words, LOCK, me, 0);
    }
  }

  /** Changes so far: for `change`. */
  get changes(): number {
    return Atomics.load(this.#words, CHANGES);
  }

  /** Resolves once there have been more changes than `seen`, whoever made them. Does not keep the program running. */
  async change(seen: number): Promise<void> {
    await Atomics.waitAsync(this.#words, CHANGES, seen).value;
  }

  /** A thread has ended, perhaps in the middle of an `update`. */
  unlock(thread: number): void {
    Atomics.compareExchange(this.#words, LOCK, thread + 1, 0);
  }
}
