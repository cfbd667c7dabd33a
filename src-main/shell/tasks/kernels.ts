/**
 * Compiles the query kernels, which are written in AssemblyScript, into the module that is committed beside them, so that neither a build
 * nor a test needs the compiler. `--check` only says whether the module is up to date.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode, toolPath } from './programs.ts';

const folder = join('src-main', 'query', 'kernels');
const source = join(folder, 'assembly', 'index.ts');
// 4 GiB in pages of 64 KiB, as in kernels/heap.ts
const memory = '--enable threads --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536';
const options = `-O3 --noAssert --runtime stub --enable simd ${memory}`.split(' ');
const head = '/** Made by `npm run kernels` from ./assembly: the compiled module in base64. */\n';

/** Resolves to the exit code. */
export async function run(root: string, args: string[] = []): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'taskscope-kernels-'));
  try {
    const out = join(scratch, 'kernels.wasm');
    const code = await runNode(toolPath(root, 'assemblyscript', 'asc'), [source, '-o', out, ...options], { cwd: root });
    if (code !== 0) return code;
    const lines = (await readFile(out)).toString('base64').match(/.{1,110}/g) ?? [];
    const text = `${head}export const moduleBytes =\n${lines.map((line) => `  '${line}'`).join(' +\n')};\n`;
    const path = join(root, folder, 'module.ts');
    if (!args.includes('--check')) await writeFile(path, text);
    else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
      process.stderr.write(`${path} is not what ${source} compiles to: run "npm run kernels"\n`);
      return 1;
    }
    return 0;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
