/** Long work in slices: the page takes input and draws between two of them. */

/** Length of a slice, ms. With the work of one step it stays under 50 ms, from where a person feels a delay. */
const SLICE_MS = 12;

type Scheduling = { yield?: () => Promise<void> };

/**
 * Ends the present task. `scheduler.yield` goes on before tasks of others; where the page has none (Safari, tests in Node),
 * a timer does.
 */
export function nextTask(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: Scheduling };
  return scheduler?.yield ? scheduler.yield() : new Promise((resolve) => setTimeout(resolve));
}

export class Slices {
  private began = performance.now();

  /** Call between two steps: waits for the next task once the slice is used up. */
  async rest(): Promise<void> {
    if (performance.now() - this.began < SLICE_MS) return;
    await nextTask();
    this.began = performance.now();
  }
}
