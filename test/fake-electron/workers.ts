/** The app's worker threads that have not ended. */
import type { Worker } from 'node:worker_threads';

export const liveWorkers = new Set<Worker>();
