/** Builds out/main, out/preload and out/renderer from source. */
import { toolPath, runNode } from './programs.ts';
import { markFresh } from '../freshness.mjs';

export async function run(root: string, args: string[] = []): Promise<number> {
  const code = await runNode(toolPath(root, 'electron-vite'), ['build', ...args], { cwd: root });
  if (code === 0) markFresh(root);
  return code;
}
