/**
 * Compiles the query engine's kernels (src-main/query/kernels/assembly, AssemblyScript) into the module that is
 * committed beside them, so that neither a build nor a test needs the compiler. `--check` only says whether it is up to date.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode, toolPath } from './programs.ts';

const folder = join('src-main', 'query', 'kernels');
const options = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'threads'],
  // 4 GiB in pages of 64 kiB; kernels/heap.ts says the same
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
];
const head = '/** Made by `npm run kernels` from ./assembly: the compiled module in base64. */\n';

/** Resolves to the exit code. */
export async function run(root: string, args: string[] = []): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'taskscope-kernels-'));
  try {
    const out = join(scratch, 'kernels.wasm');
    const source = join(folder, 'assembly', 'index.ts');
    const code = await runNode(toolPath(root, 'assemblyscript', 'asc'), [source, '-o', out, ...options], { cwd: root });
    if (code !== 0) return code;
    const lines = (await readFile(out)).toString('base64').match(/.{1,110}/g) ?? [];
    const text = `${head}export const moduleBytes =\n${lines.map((line) => `  '${line}'`).join(' +\n')};\n`;
    const path = join(root, folder, 'module.ts');
    if (!args.includes('--check')) {
      await writeFile(path, text);
      return 0;
    }
    if ((await readFile(path, 'utf8')) === text) return 0;
    process.stderr.write(`${path} is not what ${join(folder, 'assembly')} compiles to: run "npm run kernels"\n`);
    return 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
