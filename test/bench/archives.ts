/** Archives to measure on, made by the product's own encoder and writer and kept between runs: a million rows take a minute or two. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { entities } from '../../src-main/contract/fields.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { schemaSql } from '../../src-main/store/file/schema.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { SyntheticSource } from '../fixtures/synthetic-source.ts';
import { cacheFolder } from '../run/machine.ts';
import { wireRow } from './wire-rows.ts';

/** To be raised with every change of what the generator makes: what is kept under another number is not used. */
const GENERATOR = 3;
const PAGE = 200;
const PAGES_TOGETHER = 5;

export const folder = join(cacheFolder(), 'bench');

export function sourceOf(taskRuns: number): SyntheticSource {
  return new SyntheticSource({ taskRuns, flowRuns: Math.ceil(taskRuns / 20), flows: 200, deployments: 500 });
}

/** A file under the bench's folder, made by `make` beside its place when it is not there. */
export async function kept(name: string, make: (path: string) => Promise<void> | void): Promise<string> {
  const path = join(folder, `v${GENERATOR}-${name}`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const partial = `${path}.partial`;
  for (const suffix of ['', '-wal', '-shm']) await rm(partial + suffix, { force: true });
  process.stderr.write(`making ${path}, once …\n`);
  await make(partial);
  await rename(partial, path);
  return path;
}

/** An archive of that many task runs, a twentieth of flow runs, 200 flows and 500 deployments; returns its path. Other tables, another file. */
export function archiveOf(taskRuns: number): Promise<string> {
  return kept(`archive-${crc32(schemaSql).toString(16)}-${taskRuns}.sqlite`, (path) => {
    const source = sourceOf(taskRuns);
    const writer = openWriter(path, { onChange: () => undefined });
    try {
      for (const entity of [...entities].reverse()) {
        const last = source.maxRid(entity);
        for (let from = 1; from <= last; from += PAGE * PAGES_TOGETHER) {
          const batches = [];
          for (let at = from; at <= Math.min(last, from + PAGE * PAGES_TOGETHER - 1); at += PAGE) {
            const to = Math.min(last, at + PAGE - 1);
            const rows = Array.from({ length: to - at + 1 }, (_, i) => wireRow(source, entity, at + i));
            batches.push(encodeRows(entity, rows));
          }
          writer.write({ batches });
        }
      }
    } finally {
      writer.close();
    }
  });
}
