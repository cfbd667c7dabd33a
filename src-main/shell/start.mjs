/** `taskscope`: builds a stale out/, then runs a command or opens the window, in Electron or else in a browser. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isFresh } from './freshness.mjs';

const commands = ['serve', 'workspace', 'sync', 'query', 'export', 'doctor', 'help', '--help', '-h', '--version'];
const FETCH_LIMIT = 5 * 60_000; // ms; the binary is about 120 MB
const FETCH_AGAIN = 24 * 3600_000; // ms before a fetch that failed is tried again
/** An Electron that cannot run here (libraries, sandbox) ends within this time; a later end is a person's. */
const EARLY = 5000; // ms

const say = (text) => process.stderr.write(`taskscope: ${text}\n`);

export async function start(root, args) {
  if (!isFresh(root)) build(root);
  if (commands.includes(args[0])) return command(root, args);
  if (args[0] === 'open' && args.length > 1 && !args.includes('--help')) args = ['--case', ...args.slice(1)];
  else if (args[0] === 'open') return command(root, args);
  const reason = noElectron(root);
  if (!reason) {
    const ended = await runElectron(root, args);
    if (ended === null) return;
    say(`Electron did not start (${ended}); taking a browser instead.`);
  } else say(`${reason}: the window is a page for a browser instead.`);
  return command(root, ['serve', ...args]);
}

/** Builds in a child process with its output on stderr: stdout belongs to the command. */
function build(root) {
  say('building …');
  const task = [join(root, 'src-main/shell/launch.mjs'), '--task', 'build', '--logLevel', 'error'];
  const { status } = spawnSync(process.execPath, task, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) {
    say('the build failed; "npm run build" shows why.');
    process.exit(1);
  }
}

async function command(root, args) {
  const { main } = await import(pathToFileURL(join(root, 'out', 'main', 'cli.js')).href);
  process.exitCode = await main(args);
}

/** Returns why there can be no Electron window here, or null. Fetches the binary if it is missing. */
function noElectron(root) {
  const linux = process.platform === 'linux';
  if (linux && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return 'There is no display';
  if (linux && process.getuid() === 0) return 'Electron does not run as root';
  if (electronBinary(root)) return null;
  const folder = join(root, 'node_modules', 'electron');
  if (!existsSync(join(folder, 'install.js'))) return 'Electron is not installed';
  const mark = join(root, 'out', '.electron-not-fetched');
  if (existsSync(mark) && Date.now() - statSync(mark).mtimeMs < FETCH_AGAIN)
    return 'Electron could not be fetched lately ("node node_modules/electron/install.js" tries again)';
  say('fetching Electron, once …');
  spawnSync(process.execPath, [join(folder, 'install.js')], { cwd: root, stdio: 'ignore', timeout: FETCH_LIMIT });
  if (electronBinary(root)) return null;
  mkdirSync(join(root, 'out'), { recursive: true });
  writeFileSync(mark, '');
  return 'Electron cannot be fetched from here';
}

export function electronBinary(root) {
  if (process.env.ELECTRON_EXEC_PATH) return process.env.ELECTRON_EXEC_PATH;
  const folder = join(root, 'node_modules', 'electron');
  try {
    const name = readFileSync(join(folder, 'path.txt'), 'utf8');
    const binary = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name);
    return existsSync(binary) ? binary : null;
  } catch {
    return null; // path.txt is written last, so without it there is no whole binary
  }
}

/** Resolves to null when Electron ran, otherwise to how it failed. */
function runElectron(root, args) {
  const begun = Date.now();
  return new Promise((done) => {
    const child = spawn(electronBinary(root), [root, ...args], { stdio: 'inherit' });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', (error) => done(error.message));
    child.on('exit', (code, signal) => {
      const asked = signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP';
      if (code !== 0 && !asked && Date.now() - begun < EARLY) return done(signal ?? `exit code ${code}`);
      process.exitCode = code ?? 0;
      done(null);
    });
  });
}
