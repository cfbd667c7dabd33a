/** The command line: finds the command, runs it and sets the exit code. 0: done, 1: failed, 2: wrong usage. */
import { realpathSync } from 'node:fs';
import { VERSION } from '../../core/version.ts';
import type { Command } from './commands/options.ts';
import { onProcessFault } from '../process-faults.ts';
import { DONE, failed, print, say, UsageError, WRONG_USAGE } from '../terminal.ts';

/** Commands by name. Each is loaded on use, so that `--help` does not wait for a database and a client. */
const commands: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./commands/serve.ts')).serve,
  workspace: async () => (await import('./commands/workspace.ts')).workspace,
  sync: async () => (await import('./commands/sync.ts')).sync,
  query: async () => (await import('./commands/query.ts')).query,
  export: async () => (await import('./commands/export.ts')).exportFile,
  case: async () => (await import('./commands/case.ts')).caseFile,
  open: async () => (await import('./commands/open.ts')).open,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
};

const USAGE = `taskscope                                     open the window
taskscope serve  [--port N] [--no-open] [--workspace NAME] [--demo [--demo-runs N]]
taskscope workspace add NAME --api-url URL [--api-key-env VAR | --auth-string-env VAR]
                        [--header "NAME: VALUE"] [--ca-file FILE | --insecure-tls] [--archive FILE]
taskscope workspace add NAME --cloud ACCOUNT/WORKSPACE --api-key-env VAR
taskscope workspace edit NAME [--name NEW] [--api-url URL [--anyway]] [--api-key-env VAR | --auth-string-env VAR | --no-auth]
                        [--header "NAME: VALUE"] [--no-headers] [--ca-file FILE | --no-ca-file] [--insecure-tls | --secure-tls]
taskscope workspace cloud --api-key-env VAR | list | remove NAME [--delete-archive]
taskscope sync   [--workspace NAME] [--since 30d | --all] [--watch]
taskscope query  [--workspace NAME] [--preset NAME | --body FILE|-] [--as curl|python|body|sql] [--allow-damaged]
taskscope export [--workspace NAME] [--preset NAME | --body FILE|-] --out FILE|-
                        [--what runs|logs|artifacts] [--format csv|jsonl|json|parquet|xlsx|text] [--columns a,b,c]
                        [--delimiter ,|;|tab] [--bom] [--safe] [--header key|title] [--times utc|local] [--tags json|joined]
                        [--by-day] [--compression zstd|snappy] [--force] [--quiet] [--allow-damaged]
taskscope case   [--workspace NAME] [--preset NAME | --body FILE|-] --out FILE.taskscope
                        [--no-activity] [--no-notes] [--force] [--quiet] [--allow-damaged]
taskscope open   FILE.taskscope                 a case file, read-only, without a server
taskscope doctor

--data-dir DIR (or TASKSCOPE_DATA_DIR) chooses the data folder. Exit codes: 0 done, 1 failed, 2 wrong usage.`;

/** Runs one command line to its end; resolves to the exit code. Never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on('error', onPipeClosed);
  process.stderr.on('error', () => undefined); // the reader of stderr is gone
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
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!load) throw new UsageError(`there is no command ${name}`);
    return await (
      await load()
    )(rest);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) return failed(thrown);
    say(`taskscope: ${thrown.message}\n"taskscope --help" shows how it is used.`);
    return WRONG_USAGE;
  }
}

/** Ends with 0 when the reader of stdout has closed its end, as `head` does. */
function onPipeClosed(thrown: NodeJS.ErrnoException): void {
  if (thrown.code === 'EPIPE') process.exit(DONE);
}

// only when this file is the program; the launcher imports it
if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(import.meta.filename)) {
  onProcessFault((_, thrown) => process.exit(failed(thrown)));
  process.exitCode = await main(process.argv.slice(2));
}
