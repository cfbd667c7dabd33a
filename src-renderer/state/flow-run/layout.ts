/** Asks a worker of its own for the places of a graph's nodes; the worker ends with the answer. */
import type { LayoutAnswer, LayoutQuestion } from './layout.worker.ts';

/** Rejects when the worker fails, and never settles once aborted. */
export function layOut(question: LayoutQuestion, signal: AbortSignal): Promise<LayoutAnswer> {
  const worker = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' });
  signal.addEventListener('abort', () => worker.terminate());
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<LayoutAnswer>) => {
      worker.terminate();
      resolve(data);
    });
    worker.addEventListener('error', (event) => {
      worker.terminate();
      reject(new Error(event.message || 'the graph could not be laid out'));
    });
    worker.postMessage(question);
  });
}
