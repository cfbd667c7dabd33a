/** The Chromium that stands for Electron's own: started once, with a profile of its own, and always ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Cdp } from './cdp.ts';
import { options } from './options.ts';

export type Chromium = { cdp: Cdp; endpoint: string; close(): Promise<void> };

let started: Promise<Chromium> | null = null;
export const chromium = (): Promise<Chromium> => (started ??= start());

async function start(): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'taskscope-stand-in-'));
  const child = spawn(
    options.chromium,
    [...options.args, '--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // whatever happens to this process, its Chromium goes with it
  process.once('exit', () => {
    child.kill('SIGKILL');
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  const endpoint = await address(child);
  const cdp = await Cdp.connect(endpoint);
  return {
    cdp,
    endpoint,
    close: async () => {
      cdp.close();
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function address({ stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    if (!stderr) return reject(new Error('stand-in: Chromium has no stderr'));
    createInterface({ input: stderr }).on('line', (line) => {
      said.push(line);
      const found = /^DevTools listening on (ws:\S+)/.exec(line);
      if (found?.[1]) resolve(found[1]);
    });
    stderr.once('close', () => reject(new Error(`stand-in: Chromium did not start:\n${said.join('\n')}`)));
  });
}
