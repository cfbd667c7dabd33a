/** The browser shell: `taskscope serve` in plain Node, its page in Chromium. */
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { CLOCK_OFFSET, shiftClock } from '../fixtures/clock.mjs';
import { chromiumArgs, executablePath } from './chromium.ts';
import type { Running, StartOptions } from './host.ts';
import { startChild } from './process.ts';

const launcher = join(import.meta.dirname, '../../src-main/shell/launch.mjs');

type Served = { url: string; apiUrl: string; token: string };

export async function startShell(options: StartOptions): Promise<Running> {
  const args = [launcher, 'serve', '--no-open', '--data-dir', options.dataDir, ...options.args];
  const env = {
    ...process.env,
    PREFECT_HOME: join(options.dataDir, 'no-prefect'),
    [CLOCK_OFFSET]: String(options.clockOffset),
    ...options.env,
  };
  const child = startChild(process.execPath, args, env, options.uid);
  const browser = await chromium.launch({ executablePath, args: chromiumArgs });
  const stop = async () => {
    try {
      await browser.close();
    } finally {
      const code = await child.stop();
      if (code !== 0) throw new Error(`serve ended with ${code}:\n${child.output()}`);
    }
  };
  try {
    const served = await child.line((line) => (line.startsWith('{"url"') ? (JSON.parse(line) as Served) : null));
    const context = await browser.newContext({
      colorScheme: options.colorScheme,
      viewport: options.viewport,
      acceptDownloads: true,
    });
    if (options.clockOffset !== 0) await context.addInitScript(shiftClock, options.clockOffset);
    const page = await context.newPage();
    await page.goto(served.url);
    return {
      page,
      pid: child.process.pid ?? null,
      api: { url: served.apiUrl, token: served.token },
      asked: null,
      savedFile: async (action) => {
        const [download] = await Promise.all([page.waitForEvent('download'), action()]);
        return download.path();
      },
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
