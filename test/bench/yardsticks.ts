/**
 * What the machine itself needs for what no ingest can leave out, in V8 and zstd alone, so that rows a second measured on two
 * machines can be told apart: where 76,000 rows/s were measured first, these took 3.5 and 2.3 µs a row.
 */
import { constants, zstdCompressSync } from 'node:zlib';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import type { Figure } from './figures.ts';

const PAGE = 200;
const PAGES = 25;
/** The best of so many: a yardstick must not bend with the neighbours' noise. */
const TRIES = 9;

export function yardsticks(bench: string): Figure[] {
  const rows = Array.from(taskRuns(1, { rows: PAGE * PAGES, flowRuns: PAGES * 4 }), ({ json }) => json);
  const pages = Array.from({ length: PAGES }, (_, i) => `[${rows.slice(i * PAGE, (i + 1) * PAGE).join(',')}]`);
  const bytes = pages.map((page) => Buffer.from(page));
  const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
  const perRow = (work: () => void): number => {
    const times = Array.from({ length: TRIES }, () => {
      const began = performance.now();
      work();
      return performance.now() - began;
    });
    return (Math.min(...times) * 1000) / rows.length;
  };
  const figure = (name: string, value: number): Figure => ({ bench, name, value, unit: 'µs/row' });
  return [
    figure(
      'yardstick: JSON.parse of a page',
      perRow(() => pages.forEach((page) => JSON.parse(page) as unknown)),
    ),
    figure(
      'yardstick: zstd of a page, level 1',
      perRow(() => bytes.forEach((page) => zstdCompressSync(page, zstd))),
    ),
  ];
}
