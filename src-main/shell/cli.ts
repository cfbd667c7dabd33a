/** The command line: which command, and how it ends. Exit codes: 0 done, 1 failed, 2 wrong usage. */
import { realpathSync } from 'node:fs';
import { VERSION } from '../core/version.ts';
import { doctor } from './commands/doctor.ts';
import { exportFile } from './commands/export.ts';
import type { Command } from './commands/options.ts';
import { query } from './commands/query.ts';
import { serve } from './commands/serve.ts';
import { sync } from './commands/sync.ts';
import { workspace } from './commands/workspace.ts';
import { DONE, failed, print, say, UsageError, WRONG_USAGE } from './terminal.ts';

const commands: Record<string, Command> = { serve, workspace, sync, query, export: exportFile, doctor };

const USAGE = `taskscope                                     open the window
taskscope serve  [--port N] [--no-open] [--workspace NAME] [--demo [--demo-runs N]]
taskscope workspace add NAME --api-url URL [--api-key-env VAR | --auth-string-env VAR]
                        [--header NAME=VALUE] [--insecure-tls] | list | remove NAME [--delete-archive]
taskscope sync   [--workspace NAME] [--since 30d | --all] [--watch]
taskscope query  [--workspace NAME] [--preset NAME | --body FILE|-]
taskscope export [--workspace NAME] [--preset NAME | --body FILE|-] --format csv --out FILE [--columns a,b,c]
taskscope doctor

--data-dir DIR (or TASKSCOPE_DATA_DIR) chooses the data folder. Exit codes: 0 done, 1 failed, 2 wrong usage.`;

/** Runs one command line to its end; resolves to the exit code. Never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on('error', onPipeClosed);
  const [name, ...rest] = args;
  try {
    if (name === '--version') {
      await print(VERSION);
      return DONE;
    }
    if (name === undefined || name === 'help' || name === '--help' || name === '-h' || rest.includes('--help')) {
      await print(USAGE);
      return DONE;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UsageError(`there is no command ${name}`);
    return await command(rest);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) return failed(thrown);
    say(`taskscope: ${thrown.message}\n"taskscope --help" shows how it is used.`);
    return WRONG_USAGE;
  }
}

/** The reader of our output has seen enough (`| head`): no failure. */
function onPipeClosed(thrown: NodeJS.ErrnoException): void {
  if (thrown.code === 'EPIPE') process.exit(DONE);
}

// run as a program, not imported by the launcher
if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(import.meta.filename))
  process.exitCode = await main(process.argv.slice(2));
