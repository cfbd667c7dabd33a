import { setImmediate } from 'node:timers/promises';

/** Lets what waits for this thread go first, between two pieces of long work. Throws the signal's reason when it is aborted by then. */
export async function nextTurn(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}

/** Goes through the steps of long work, each in a turn of its own. Throws as `nextTurn`, and what a step throws. */
export async function inTurns<T>(steps: Generator<void, T, undefined>, signal: AbortSignal): Promise<T> {
  for (;;) {
    await nextTurn(signal);
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
