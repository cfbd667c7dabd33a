/** Tells whether out/ was built from this source: out/.built keeps a fingerprint of every source file's path, size and time. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const sources = ['src-main', 'src-renderer', 'electron.vite.config.ts', 'svelte.config.js', 'package.json'];
const stamp = (root) => join(root, 'out', '.built');

function fingerprint(root) {
  const hash = createHash('sha1');
  for (const source of sources) {
    const path = join(root, source);
    const files = statSync(path).isDirectory() ? readdirSync(path, { recursive: true }).sort() : [''];
    for (const file of files) {
      const { size, mtimeMs } = statSync(join(path, file));
      hash.update(`${source}/${file} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

/** An installed package comes built and without build tools, so its out/ is always fresh. */
export function isFresh(root) {
  if (!existsSync(join(root, 'src-renderer')) || !existsSync(join(root, 'node_modules', 'electron-vite')))
    return existsSync(join(root, 'out', 'main', 'cli.js'));
  return existsSync(stamp(root)) && readFileSync(stamp(root), 'utf8') === fingerprint(root);
}

export function markFresh(root) {
  writeFileSync(stamp(root), fingerprint(root));
}
