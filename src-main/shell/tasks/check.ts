/** Checks that need no run of the program: types, Svelte, lint, format and the compiled kernels. */
import { run as kernels } from './kernels.ts';
import { toolPath, runNode } from './programs.ts';

const tools = [
  { name: 'types', package: 'typescript', command: 'tsc', args: ['--noEmit'] },
  {
    name: 'svelte',
    package: 'svelte-check',
    command: 'svelte-check',
    args: ['--fail-on-warnings', '--output', 'human'],
  },
  // the only rule that warns is the one about long files: it is read, and fails nothing
  { name: 'lint', package: 'eslint', command: 'eslint', args: ['.'] },
  { name: 'format', package: 'prettier', command: 'prettier', args: ['--check', '--log-level', 'warn', '.'] },
];

type Check = { name: string; run: (root: string) => Promise<number> };

export const checks: Check[] = [
  ...tools.map(({ name, package: from, command, args }) => ({
    name,
    run: (root: string) => runNode(toolPath(root, from, command), args, { cwd: root }),
  })),
  { name: 'kernels', run: (root) => kernels(root, ['--check']) },
];

/** Runs all checks, also after one has failed. Resolves to the exit code. */
export async function run(root: string): Promise<number> {
  let failed = 0;
  for (const check of checks) {
    const code = await check.run(root);
    process.stderr.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${check.name}\n`);
    if (code !== 0) failed += 1;
  }
  return failed === 0 ? 0 : 1;
}
