/**
 * The built app on whatever this project says: the browser shell, the Electron stand-in or real Electron. Specs see a page and
 * a data folder. Tear-down runs every step, also when one throws, and ends only what this file started.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, type Page } from '@playwright/test';
import { CLOCK_OFFSET } from '../fixtures/clock.mjs';
import { startElectron } from './host-electron.ts';
import { startShell } from './host-shell.ts';
import { startStandIn } from './host-stand-in.ts';

export type HostKind = 'shell' | 'stand-in' | 'electron';
export type HostOptions = {
  hostKind: HostKind;
  /** `run`: the hour the test runner chose. `machine`: the machine's time, for apps that talk to a server with a clock of its own. */
  clock: 'run' | 'machine';
};

export type StartOptions = {
  dataDir: string;
  /** command-line arguments after the ones that choose folder and port */
  args: string[];
  env: Record<string, string>;
  colorScheme: 'light' | 'dark';
  viewport: { width: number; height: number };
  /** the user it runs as; only root may choose, and only the browser shell does */
  uid: number | null;
  /** milliseconds by which the clocks of app and page are moved */
  clockOffset: number;
};

/** One running app with its window. */
export type Running = {
  page: Page;
  /** process id of the core; null where the host does not know it */
  pid: number | null;
  /** the local API; null where the host has none */
  api: { url: string; token: string } | null;
  /** what the app has asked of the desktop so far, a JSON object a line; null where that cannot be seen */
  asked: (() => string) | null;
  /** runs the action and returns the path of the file that it saves */
  savedFile(action: () => Promise<void>): Promise<string>;
  stop(): Promise<void>;
};

export type Host = {
  dataDir: string;
  start(options?: Partial<StartOptions>): Promise<Running>;
  /** stops the running app and starts it again on the same data folder */
  restart(options?: Partial<StartOptions>): Promise<Running>;
};

const starters = { shell: startShell, 'stand-in': startStandIn, electron: startElectron };

export const test = base.extend<HostOptions & { host: Host; problems: string[] }>({
  hostKind: ['shell', { option: true }],
  clock: ['run', { option: true }],
  /** console errors and page errors; a spec that provokes one empties it */
  problems: async ({}, use) => {
    const problems: string[] = [];
    await use(problems);
    base.expect(problems, 'errors in the page').toEqual([]);
  },
  host: async ({ hostKind, clock, problems }, use) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'taskscope-e2e-'));
    let running: Running | null = null;
    const stop = async () => {
      const ending = running;
      running = null;
      await ending?.stop();
    };
    const start = async (options: Partial<StartOptions> = {}) => {
      await stop();
      const started: Running = await starters[hostKind]({
        dataDir,
        args: [],
        env: {},
        colorScheme: 'light',
        viewport: { width: 1440, height: 900 },
        uid: null,
        clockOffset: clock === 'run' ? Number(process.env[CLOCK_OFFSET] ?? 0) : 0,
        ...options,
      });
      running = started;
      const { page } = started;
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      return started;
    };
    try {
      await use({ dataDir, start, restart: start });
    } finally {
      try {
        await stop();
      } finally {
        await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      }
    }
  },
});

export const expect = test.expect;
