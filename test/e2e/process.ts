/** A child process of a test: its output kept for the failure message, its end awaited, only its own pid signalled. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const KILL_AFTER = 15_000; // ms

export type Child = {
  process: ChildProcess;
  /** first stdout line for which `find` gives something; rejects when the process ends before */
  line<T>(find: (line: string) => T | null): Promise<T>;
  output(): string;
  /** SIGTERM, then SIGKILL; the exit code, null when it was killed by a signal */
  stop(): Promise<number | null>;
};

export function startChild(command: string, args: string[], env: NodeJS.ProcessEnv, uid: number | null = null): Child {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...(uid === null ? {} : { uid }) });
  const kept: string[] = [];
  const waiting: ((line: string | null) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    kept.push(line);
    for (const wake of [...waiting]) wake(line);
  });
  createInterface({ input: child.stderr }).on('line', (line) => kept.push(line));
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      kept.push(String(error));
      resolve(null);
    });
    child.once('exit', resolve);
  });
  void ended.then(() => {
    for (const wake of [...waiting]) wake(null);
  });
  const onParentExit = () => child.kill('SIGKILL');
  process.once('exit', onParentExit);
  void ended.then(() => process.off('exit', onParentExit));

  return {
    process: child,
    output: () => kept.join('\n'),
    line: (find) =>
      new Promise((resolve, reject) => {
        const look = (line: string | null) => {
          const found = line === null ? null : find(line);
          if (found === null && line !== null) return;
          waiting.splice(waiting.indexOf(look), 1);
          if (found === null) reject(new Error(`ended before it said so:\n${kept.join('\n')}`));
          else resolve(found);
        };
        waiting.push(look);
        for (const line of [...kept]) if (waiting.includes(look)) look(line);
      }),
    stop: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER);
      child.kill('SIGTERM');
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}
