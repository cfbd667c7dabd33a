/** Programs of the bench in processes of their own: what is measured is not mixed with what measures. They talk by messages and end with their parent. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ResourceLimits } from 'node:worker_threads';

/** `file`: in this folder. */
export function child(file: string, ...args: string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), args, { execArgv: process.execArgv });
}

/** With the young heap of a thread that has this limit. */
export function childWithLimits(
  { maxYoungGenerationSizeMb: young }: ResourceLimits,
  file: string,
  ...args: string[]
): ChildProcess {
  // V8 counts two semi-spaces and as much again for what is new and large
  const semi = `--max-semi-space-size=${(young ?? 96) / 3}`;
  return fork(join(import.meta.dirname, file), args, { execArgv: [...process.execArgv, semi] });
}

/** The next message; rejects when the process ends instead. */
export async function says<T>(from: ChildProcess): Promise<T> {
  const answered = new AbortController();
  const ended = once(from, 'exit', { signal: answered.signal }).then(() => {
    throw new Error('a process of the bench ended');
  });
  ended.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(from, 'message'), ended])) as [T];
    return message;
  } finally {
    answered.abort(); // it no longer listens for the end
  }
}

export async function end(one: ChildProcess): Promise<void> {
  const exited = once(one, 'exit');
  one.disconnect();
  await exited;
}
