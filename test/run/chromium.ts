/** A Chromium for the e2e tests: one that is there, else one from the system's packages, else Playwright's. */
import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { findChromium } from '../../src-main/shell/browser/browsers.ts';
import { toolPath } from '../../src-main/shell/tasks/programs.ts';
import { aptInstall, tryProgram, type Found } from './machine.ts';

const FETCH_LIMIT = 5 * 60_000; // ms

export async function findOrFetchChromium(root: string): Promise<Found> {
  const there = (await working(findChromium())) ?? (await working(playwrights()));
  if (there) return { path: there, why: '' };
  if (await aptInstall(['chromium'])) {
    const installed = await working(findChromium());
    if (installed) return { path: installed, why: '' };
  }
  console.log('set-up: playwright install chromium …');
  const asRoot = process.getuid?.() === 0 ? ['--with-deps'] : [];
  await tryProgram(
    process.execPath,
    [toolPath(root, '@playwright/test', 'playwright'), 'install', ...asRoot, 'chromium'],
    {
      limit: FETCH_LIMIT,
      show: true,
    },
  );
  const fetched = await working(playwrights());
  if (fetched) return { path: fetched, why: '' };
  return { path: null, why: 'no Chromium here and none could be fetched; TASKSCOPE_CHROMIUM=/path/to/it names one' };
}

function playwrights(): string | null {
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : null;
}

/** The path if the program answers: Ubuntu's `chromium-browser` without its snap does not, nor one that lacks libraries. */
async function working(path: string | null): Promise<string | null> {
  if (!path) return null;
  // Chrome on Windows opens a window for --version
  if (process.platform === 'win32') return existsSync(path) ? path : null;
  const answer = await tryProgram(path, ['--version']);
  return answer?.code === 0 ? path : null;
}
