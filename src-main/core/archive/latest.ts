/** A value that can be watched: each watcher gets the present value, then the newest one after every change; values in between are skipped. */
import { pause } from '../../contract/time.ts';

export class Latest<T> {
  #value: T;
  #version = 0;
  #watchers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    this.#version += 1;
    for (const wake of [...this.#watchers]) wake();
  }

  /** Ends when the signal aborts. `every`: shortest time between two items, ms. */
  async *watch(signal: AbortSignal, every = 0): AsyncGenerator<T, void, undefined> {
    let seen = -1;
    while (!signal.aborted) {
      if (seen !== this.#version) {
        seen = this.#version;
        yield this.#value;
        if (every > 0) await pause(every, signal);
      } else await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#watchers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#watchers.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
