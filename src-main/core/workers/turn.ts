import { setImmediate } from 'node:timers/promises';

/** Lets what waits for this thread go first, between two pieces of long work. Throws the signal's reason when it is aborted by then. */
export async function nextTurn(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
