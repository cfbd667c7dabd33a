/** One set of specs, run against each host that this machine can start. */
import { defineConfig } from '@playwright/test';
import type { HostOptions } from './host.ts';
import { electronBinary } from '../../src-main/shell/start.mjs';

const root = new URL('../..', import.meta.url).pathname;

export default defineConfig<HostOptions>({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../../out/e2e',
  forbidOnly: !!process.env.CI,
  retries: process.env.CI ? 1 : 0, // two loaded cores; a test that needed it is listed as flaky
  workers: 2, // 9 minutes instead of 12 on two cores: a spec waits for servers half of its time
  timeout: 120_000,
  expect: { timeout: 20_000 },
  // a trace of every spec takes as much of the cores as the specs themselves: 70 s instead of 39 s for two of them
  use: { viewport: { width: 1440, height: 900 }, trace: 'on-first-retry' },
  projects: [
    { name: 'shell', use: { hostKind: 'shell' }, testIgnore: ['stand-in*.spec.ts', 'electron-*.spec.ts'] },
    { name: 'stand-in', use: { hostKind: 'stand-in' }, testIgnore: ['shell-*.spec.ts'] },
    ...(electronBinary(root)
      ? [
          {
            name: 'electron',
            use: { hostKind: 'electron' as const },
            testIgnore: ['shell-*.spec.ts', 'stand-in*.spec.ts'],
          },
        ]
      : []),
  ],
});
