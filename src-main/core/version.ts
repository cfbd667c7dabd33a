/** The version in package.json: put in by the build, read from the file when running from source. */
import { readFileSync } from 'node:fs';

declare const __TASKSCOPE_VERSION__: string | undefined;

export const VERSION = typeof __TASKSCOPE_VERSION__ === 'string' ? __TASKSCOPE_VERSION__ : fromPackage();

function fromPackage(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
