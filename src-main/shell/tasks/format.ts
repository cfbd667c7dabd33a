/** Formats every file, or the given paths, with prettier. */
import { toolPath, runNode } from './programs.ts';

export function run(root: string, args: string[] = []): Promise<number> {
  const paths = args.length > 0 ? args : ['.'];
  return runNode(toolPath(root, 'prettier'), ['--write', '--log-level', 'warn', ...paths], { cwd: root });
}
