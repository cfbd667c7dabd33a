/**
 * Compiles the AssemblyScript folders (named `assembly`) into the modules that are committed beside them, so that neither a build
 * nor a test needs the compiler. `--check` only says whether the modules are up to date.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode, toolPath } from './programs.ts';

const common = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'];
/** Folders with an `assembly/index.ts` and the `module.ts` it is compiled into. */
const modules: { folder: string; options: string[] }[] = [
  {
    folder: join('src-main', 'query', 'kernels'),
    // 4 GiB in pages of 64 kiB; kernels/heap.ts says the same
    options: [
      '--enable',
      'threads',
      '--importMemory',
      '--sharedMemory',
      '--initialMemory',
      '1',
      '--maximumMemory',
      '65536',
    ],
  },
  { folder: join('src-main', 'local-api', 'rows'), options: ['--initialMemory', '2'] },
  { folder: join('src-main', 'store', 'coder'), options: ['--initialMemory', '4'] },
  { folder: join('src-main', 'prefect', 'scanner'), options: ['--initialMemory', '1'] },
];
const head = '/** Made by `npm run kernels` from ./assembly: the compiled module in base64. */\n';

/** Resolves to the exit code. */
export async function run(root: string, args: string[] = []): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'taskscope-kernels-'));
  try {
    for (const { folder, options } of modules) {
      const out = join(scratch, 'kernels.wasm');
      const source = join(folder, 'assembly', 'index.ts');
      const asc = toolPath(root, 'assemblyscript', 'asc');
      const code = await runNode(asc, [source, '-o', out, ...common, ...options], { cwd: root });
      if (code !== 0) return code;
      const lines = (await readFile(out)).toString('base64').match(/.{1,110}/g) ?? [];
      const text = `${head}export const moduleBytes =\n${lines.map((line) => `  '${line}'`).join(' +\n')};\n`;
      const path = join(root, folder, 'module.ts');
      if (!args.includes('--check')) await writeFile(path, text);
      else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
        process.stderr.write(`${path} is not what ${source} compiles to: run "npm run kernels"\n`);
        return 1;
      }
    }
    return 0;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
