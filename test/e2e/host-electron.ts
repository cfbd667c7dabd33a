/** Real Electron, on machines that have its binary. The path is always given: without it Playwright would start a download. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { _electron } from '@playwright/test';
import { CLOCK_OFFSET, shiftClock } from '../fixtures/clock.mjs';
import { electronBinary } from '../../src-main/shell/start.mjs';
import type { Running, StartOptions } from './host.ts';

const root = join(import.meta.dirname, '../..');

export async function startElectron(options: StartOptions): Promise<Running> {
  const saves = await mkdtemp(join(tmpdir(), 'taskscope-saves-'));
  const app = await _electron.launch({
    executablePath: electronBinary(root) ?? '',
    args: [root, '--data-dir', options.dataDir, ...options.args],
    env: {
      ...(process.env as Record<string, string>),
      PREFECT_HOME: join(options.dataDir, 'no-prefect'),
      [CLOCK_OFFSET]: String(options.clockOffset),
      ...options.env,
    },
    colorScheme: options.colorScheme,
  });
  await app.evaluate(({ dialog }, folder) => {
    dialog.showSaveDialog = (...args: unknown[]) => {
      const { defaultPath } = args.at(-1) as { defaultPath: string };
      return Promise.resolve({ canceled: false, filePath: `${folder}/${defaultPath.split(/[\\/]/).at(-1)}` });
    };
  }, saves);
  const page = await app.firstWindow();
  if (options.clockOffset !== 0) {
    await app.context().addInitScript(shiftClock, options.clockOffset);
    await page.reload(); // its first document was there before the script
  }
  await page.setViewportSize(options.viewport);
  return {
    page,
    pid: null,
    api: null,
    asked: null,
    savedFile: (action) => savedInto(saves, action),
    stop: async () => {
      try {
        await app.close();
      } finally {
        await rm(saves, { recursive: true, force: true });
      }
    },
  };
}

/** The files of a folder with the moment each was made: an export may take the place of one with the same name. */
async function filesIn(folder: string): Promise<Map<string, number>> {
  const names = (await readdir(folder)).filter((one) => !one.endsWith('partial'));
  const times = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mtimeMs));
  return new Map(names.map((name, i) => [name, times[i]]));
}

/** The file that the action saves into the folder. Exports are renamed into place when whole, so any name that is no partial is finished. */
export async function savedInto(folder: string, action: () => Promise<void>): Promise<string> {
  const before = await filesIn(folder);
  await action();
  for (let tries = 0; tries < 300; tries++) {
    for (const [name, time] of await filesIn(folder)) if (before.get(name) !== time) return join(folder, name);
    await delay(100);
  }
  throw new Error(`no file appeared in ${folder}`);
}
