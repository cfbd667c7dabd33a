/** Long work in several tasks, so that the page takes input and draws in between. */

/** Length of a slice, ms. With the work of one more step it stays under 50 ms, from where a person feels a delay. */
const SLICE_MS = 12;

/** The Prioritized Task Scheduling API: Chromium has it; Safari and Node do not. */
type Scheduler = {
  yield(): Promise<void>;
  postTask(task: () => void, options: { priority: 'background' }): Promise<void>;
};
const { scheduler } = globalThis as { scheduler?: Partial<Scheduler> };

const later = () => new Promise<void>((resolve) => setTimeout(resolve));

/** Ends the present task; what follows goes on before tasks that others have queued. */
export function nextTask(): Promise<void> {
  return scheduler?.yield?.() ?? later();
}

/** Waits until input, drawing and every other task that is due are done. */
export function whenIdle(): Promise<void> {
  return scheduler?.postTask?.(() => undefined, { priority: 'background' }) ?? later();
}

export class Slices {
  private began = performance.now();

  /** The slice is used up: the next `rest` waits. */
  get due(): boolean {
    return performance.now() - this.began >= SLICE_MS;
  }

  /** Call between two steps: waits for the next task once the slice is used up. */
  async rest(): Promise<void> {
    if (!this.due) return;
    await nextTask();
    this.began = performance.now();
  }
}
