/** PostgreSQL's programs for the tests: the machine's own, or Debian's package. */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { aptInstall, type Found } from './machine.ts';

// Debian keeps initdb and postgres out of PATH, by version; Homebrew by version too
const roots = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt'];

export async function findOrInstallPostgres(): Promise<Found> {
  if (process.platform === 'win32') return { path: null, why: 'PostgreSQL is not looked for on Windows' };
  const path = find() ?? ((await aptInstall(['postgresql'])) ? find() : null);
  return path ? { path, why: '' } : { path: null, why: 'no PostgreSQL (initdb, postgres)' };
}

/** The folder with both programs, the newest version first. */
function find(): string | null {
  const named = process.env.TASKSCOPE_POSTGRES_BIN;
  const versions = roots.filter((root) => existsSync(root)).flatMap((root) => versionsIn(root));
  const inPath = (process.env.PATH ?? '').split(delimiter);
  const folders = [...(named ? [named] : []), ...versions, ...inPath];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)))) ?? null;
}

const versionsIn = (root: string): string[] =>
  readdirSync(root)
    .filter((name) => /^(postgresql@)?\d+$/.test(name))
    .sort((a, b) => Number(b.replace(/\D/g, '')) - Number(a.replace(/\D/g, '')))
    .map((name) => join(root, name, 'bin'));
