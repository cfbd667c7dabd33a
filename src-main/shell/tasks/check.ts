/** Types, Svelte, lint and format: everything that can be said without running the program. */
import { toolPath, runNode } from './programs.ts';

export const checks = [
  { name: 'types', package: 'typescript', command: 'tsc', args: ['--noEmit'] },
  {
    name: 'svelte',
    package: 'svelte-check',
    command: 'svelte-check',
    args: ['--fail-on-warnings', '--output', 'human'],
  },
  { name: 'lint', package: 'eslint', command: 'eslint', args: ['.', '--max-warnings', '0'] },
  { name: 'format', package: 'prettier', command: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
] as const;

/** One check's exit code. All of them run even if one fails, so that one round shows everything. */
export function runCheck(root: string, check: (typeof checks)[number]): Promise<number> {
  return runNode(toolPath(root, check.package, check.command), [...check.args], { cwd: root });
}

export async function run(root: string): Promise<number> {
  let failed = 0;
  for (const check of checks) {
    const code = await runCheck(root, check);
    process.stderr.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${check.name}\n`);
    if (code !== 0) failed += 1;
  }
  return failed === 0 ? 0 : 1;
}
