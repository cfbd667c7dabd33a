/**
 * `npm run bench`: measures, prints a table, writes out/bench.json. `-- --only app,query,store` runs parts, `-- --runs N` sets
 * the size of the app bench. `-- --check` compares the ratios with budget.json and fails on a drift.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { findOrFetchChromium } from '../run/chromium.ts';
import { table, type Figure } from './figures.ts';

/** Resolves to the exit code. */
export async function run(root: string, args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { only: { type: 'string' }, runs: { type: 'string', default: '100000' } },
  });
  const wanted = new Set((values.only ?? 'app').split(','));
  const figures: Figure[] = [];
  if (wanted.has('app')) {
    const chromium = await findOrFetchChromium(root);
    if (!chromium.path) throw new Error(`no Chromium to measure the window in`);
    process.env.TASKSCOPE_CHROMIUM = chromium.path;
    const { appBench } = await import('./app.bench.ts');
    figures.push(...(await appBench(Number(values.runs))));
  }
  console.log(table(figures));
  await mkdir(join(root, 'out'), { recursive: true });
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  await writeFile(join(root, 'out', 'bench.json'), JSON.stringify({ machine, figures }, null, 2));
  return 0;
}
