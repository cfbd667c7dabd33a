/** Runs the project's tools by file, without a shell or `.bin`, which differ between systems. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Path of the script behind a package's command, from the `bin` field of its package.json. */
export function toolPath(root: string, name: string, command = name): string {
  const require = createRequire(join(root, 'package.json'));
  const at = require.resolve(`${name}/package.json`);
  const { bin } = require(at) as { bin: string | Record<string, string> };
  const script = typeof bin === 'string' ? bin : bin[command];
  if (!script) throw new Error(`${name} has no command ${command}`);
  return join(dirname(at), script);
}

/** Runs a program to its end with this terminal; resolves to its exit code, 1 when a signal ended it. */
export function runProgram(
  program: string,
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

export function runNode(script: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) {
  return runProgram(process.execPath, [script, ...args], options);
}
