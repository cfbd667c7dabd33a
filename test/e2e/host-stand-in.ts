/**
 * The built Electron bundles (out/main, out/preload, out/renderer) under the stand-in for the `electron` module, which drives
 * a Chromium of its own; Playwright joins that Chromium to look at the window.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { CLOCK_OFFSET } from '../fixtures/clock.mjs';
import { chromiumArgs, executablePath } from './chromium.ts';
import type { StandInOptions } from '../fake-electron/options.ts';
import { savedInto } from './host-electron.ts';
import type { Running, StartOptions } from './host.ts';
import { startChild } from './process.ts';

const root = join(import.meta.dirname, '../..');

export async function startStandIn(options: StartOptions): Promise<Running> {
  const saves = await mkdtemp(join(tmpdir(), 'taskscope-saves-'));
  const told: StandInOptions = {
    chromium: executablePath,
    args: chromiumArgs,
    saves,
    clockOffset: options.clockOffset,
  };
  const child = startChild(
    process.execPath,
    [
      '--import',
      join(root, 'test/fake-electron/register.ts'),
      join(root, 'out/main/electron.js'),
      '--data-dir',
      options.dataDir,
      ...options.args,
    ],
    {
      ...process.env,
      ...options.env,
      [CLOCK_OFFSET]: String(options.clockOffset),
      PREFECT_HOME: join(options.dataDir, 'no-prefect'),
      STANDIN: JSON.stringify(told),
    },
  );
  const stop = async () => {
    try {
      const code = await child.stop();
      if (code !== 0) throw new Error(`the app ended with ${code}:\n${child.output()}`);
    } finally {
      await rm(saves, { recursive: true, force: true });
    }
  };
  try {
    const { cdp } = await child.line((line) =>
      line.startsWith('{"standIn"') ? (JSON.parse(line) as { standIn: { cdp: string } }).standIn : null,
    );
    const browser = await chromium.connectOverCDP(cdp);
    const context = browser.contexts()[0];
    const page = context?.pages().find((one) => one.url().includes('standin')) ?? context?.pages()[0];
    if (!page) throw new Error('the stand-in shows no window');
    await page.emulateMedia({ colorScheme: options.colorScheme });
    await page.setViewportSize(options.viewport);
    return {
      page,
      pid: null,
      api: null,
      asked: () => child.output(),
      savedFile: (action) => savedInto(saves, action),
      stop: async () => {
        try {
          await browser.close();
        } finally {
          await stop();
        }
      },
    };
  } catch (thrown) {
    await stop().catch(() => undefined); // the first error is the one to tell
    throw thrown;
  }
}
