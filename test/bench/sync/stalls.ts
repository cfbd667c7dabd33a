/** What a person would feel in the page while something goes on: long tasks of its main thread, and gaps between two frames. */
import type { Browser, Page } from '@playwright/test';

/** ms. `tasks`: every task over 50 ms by the clock, as the browser's own observer tells them; `frames`: every gap between two frames. */
export type Stalls = { tasks: number[]; frames: number[] };

type TraceEvent = { name: string; ph: string; pid: number; tid: number; tdur?: number; args?: { name?: string } };

/**
 * What each task of the page's main thread computed itself, ms of CPU time: with server, core and browser on two processors, a task of 30 ms takes
 * 90 by the clock. Traces from now on; the returned function ends it.
 */
export async function watchTasks(browser: Browser, page: Page): Promise<() => Promise<number[]>> {
  await browser.startTracing(page, { categories: ['toplevel'] });
  return async () => {
    const trace = JSON.parse((await browser.stopTracing()).toString('utf8')) as { traceEvents: TraceEvent[] };
    const events = trace.traceEvents;
    const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
    const isMain = new Set(mains.map(({ pid, tid }) => `${pid} ${tid}`));
    return events.flatMap(({ name, ph, pid, tid, tdur }) =>
      ph === 'X' && name.endsWith('::RunTask') && isMain.has(`${pid} ${tid}`) ? (tdur ?? 0) / 1000 : [],
    );
  };
}

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
