/** Options that several commands share, and the core opened for one command. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { errorWords } from '../../../contract/error-words.ts';
import { AppError, toAppError } from '../../../contract/errors.ts';
import type { App, AppOptions } from '../../../core/app.ts';
import { createApp } from '../../../core/app.ts';
import { defaultDataDir } from '../../../core/files/paths.ts';
import { MAX_DEMO_RUNS } from '../../../core/workspaces/workspaces.ts';
import { plainShell, type Shell } from '../../../core/shell.ts';
import { onProcessFault } from '../../process-faults.ts';
import { failed, log, sayError, UsageError } from '../../terminal.ts';

/** Runs one command; resolves to its exit code. */
export type Command = (args: string[]) => Promise<number>;

export const common = {
  'data-dir': { type: 'string' },
  workspace: { type: 'string' },
  demo: { type: 'boolean' },
  'demo-runs': { type: 'string' },
} as const satisfies ParseArgsConfig['options'];

/** `parseArgs` that throws UsageError. */
export function parse<const T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
}

/** What `parseArgs` gives for these options. */
export type Values<T extends NonNullable<ParseArgsConfig['options']>> = {
  [O in keyof T]?: T[O] extends { multiple: true } ? string[] : T[O] extends { type: 'boolean' } ? boolean : string;
};
type CommonValues = Values<typeof common> & { 'api-key-env'?: string; 'auth-string-env'?: string };

/** Throws UsageError for an empty path: it would be the folder one happens to be in. */
export function dataDirOf(values: CommonValues): string {
  if (values['data-dir'] === '') throw new UsageError('--data-dir needs the path of a folder');
  return values['data-dir'] ?? defaultDataDir();
}

/** A whole number from `low` to `high`; undefined when the option was not given. */
export function numberOption(name: string, text: string | undefined, low: number, high: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < low || value > high)
    throw new UsageError(`--${name} takes a whole number from ${low} to ${high}, not ${text}`);
  return value;
}

/** One of `known`. Throws UsageError. */
export function choice<T extends string>(name: string, given: string, known: readonly T[]): T {
  const found = known.find((one) => one === given);
  if (found === undefined) throw new UsageError(`--${name} takes ${known.join(', ')}, not ${given}`);
  return found;
}

export function appOptions(values: CommonValues, shell: Shell): AppOptions {
  const demoRuns = numberOption('demo-runs', values['demo-runs'], 1, MAX_DEMO_RUNS);
  if (demoRuns !== undefined && !values.demo) throw new UsageError('--demo-runs goes with --demo');
  if (values.demo && values.workspace !== undefined)
    throw new UsageError('--demo is a workspace of its own: leave out --workspace');
  const variables = [values['api-key-env'], values['auth-string-env']].filter((one) => one !== undefined);
  return { dataDir: dataDirOf(values), shell, log, variables, ...(demoRuns === undefined ? {} : { demoRuns }) };
}

/** Opens the core, runs `work`, and always closes the core. No sync starts by itself. */
export async function withApp(
  values: CommonValues,
  work: (app: App) => Promise<number>,
  shell: Shell = plainShell,
): Promise<number> {
  const app = await createApp({ ...appOptions(values, shell), syncOnOpen: false });
  onProcessFault((kind, thrown) => {
    app.fault(kind, thrown);
    process.exit(failed(thrown));
  });
  app.notices.forEach(sayError);
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** Whatever is saved goes to this path. */
export const savingTo = (path: string, overwrite: boolean): Shell => ({
  ...plainShell,
  chooseSavePath: () => Promise.resolve({ path, download: null, overwrite }),
});

/** What was thrown; of a file that is there already, with the option that overwrites it. */
export function namingForce(thrown: unknown): unknown {
  const { code, message, details } = toAppError(thrown);
  if (code !== 'FILE_EXISTS') return thrown;
  return new AppError(code, message, { ...details, advice: 'Nothing was changed. --force overwrites it.' });
}

export const damageOptions = { 'allow-damaged': { type: 'boolean' } } as const;

/** Prints the notice of the workspace's archive. Throws ARCHIVE_DAMAGED for a damaged one unless `--allow-damaged` was given. */
export async function checkDamage(app: App, workspace: string, values: { 'allow-damaged'?: boolean }): Promise<void> {
  const { notice } = await app.archive(workspace);
  if (!notice) return;
  if (notice.code !== 'ARCHIVE_DAMAGED' || values['allow-damaged']) return sayError(notice);
  const advice = `${errorWords(notice).advice} To go on with the rows that are left, give --allow-damaged.`;
  throw new AppError(notice.code, notice.message, { ...notice.details, advice });
}

/** The workspace named, the demo, the one the window had last, or the only one. Throws NOT_FOUND and UsageError. */
export async function workspaceOf(app: App, values: CommonValues): Promise<string> {
  if (values.demo) return (await app.ensureDemo()).name;
  if (values.workspace !== undefined) return app.workspaces.get(values.workspace).name;
  const names = app.workspaces.list().map((entry) => entry.name);
  const last = app.settings.get().workspace;
  if (last !== null && names.includes(last)) return last;
  if (names.length > 1) throw new UsageError(`which workspace? --workspace takes one of ${names.join(', ')}`);
  if (names.length === 0)
    throw new AppError('BAD_INPUT', 'there is no workspace yet', {
      advice: 'Add one with "taskscope workspace add NAME --api-url URL", or try --demo.',
    });
  return names[0];
}
