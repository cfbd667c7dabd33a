/** The version in package.json, two folders up from out/main and from this file alike. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export function packageVersion(): string {
  for (const up of ['../..', '../../..']) {
    const path = resolve(import.meta.dirname, up, 'package.json');
    if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}
