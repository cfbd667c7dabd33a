/** What a person would feel in the page while something goes on: long tasks of its main thread, and gaps between two frames. */
import type { Page } from '@playwright/test';

/** ms. `tasks`: every task over 50 ms, as the browser's own observer tells them; `frames`: every gap between two frames. */
export type Stalls = { tasks: number[]; frames: number[] };

/** Watches from now on; the returned function tells what there was. */
export async function watchStalls(page: Page): Promise<() => Promise<Stalls>> {
  await page.evaluate(() => {
    const seen = { tasks: [] as number[], frames: [] as number[] };
    Object.assign(window, { stalls: seen });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.tasks.push(duration);
    }).observe({ type: 'longtask' });
    let last = window.performance.now();
    const frame = (now: number) => {
      seen.frames.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  return () => page.evaluate(() => (window as unknown as { stalls: Stalls }).stalls);
}
