/** Programs of this machine: run, installed, and the folder for downloads. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Found = { path: string | null; why: string };

/** Output and exit code of a program, null when it cannot be started. It has no stdin, so it cannot wait for an answer. */
export function tryProgram(
  program: string,
  args: string[],
  options: { limit?: number; show?: boolean } = {},
): Promise<{ code: number; out: string } | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', options.show ? 'inherit' : 'ignore'],
      timeout: options.limit ?? 60_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', PIP_NO_INPUT: '1' },
    });
    let out = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => (out += text));
    child.on('error', () => resolve(null));
    child.on('close', (code) => resolve({ code: code ?? 1, out: out.trim() }));
  });
}

const INSTALL_LIMIT = 10 * 60_000; // ms

/** Installs Debian packages. False without root or apt, and when the installation failed. */
export async function aptInstall(packages: string[]): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  console.log(`set-up: apt-get install ${packages.join(' ')} …`);
  await tryProgram('apt-get', ['update', '-q'], { limit: INSTALL_LIMIT });
  const done = await tryProgram('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], {
    limit: INSTALL_LIMIT,
    show: true,
  });
  return done?.code === 0;
}

/** The folder, outside the repository, that keeps downloads for tests between runs. */
export function cacheFolder(): string {
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? homedir(), 'taskscope-test');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'taskscope-test');
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'taskscope-test');
}
