/** `taskscope workspace add|list|remove`. */
import { AppError, toWireError } from '../../contract/errors.ts';
import { workspaceInputSchema, type WorkspaceInput } from '../../contract/rows.ts';
import type { App } from '../../core/app.ts';
import { DONE, print, say, sayError, UsageError } from '../terminal.ts';
import { parse, withApp, type Command } from './options.ts';

const LOOK = 10_000; // ms to wait for the server's first answer

const options = {
  'data-dir': { type: 'string' },
  'api-url': { type: 'string' },
  'api-key-env': { type: 'string' },
  'auth-string-env': { type: 'string' },
  header: { type: 'string', multiple: true },
  'insecure-tls': { type: 'boolean' },
  'delete-archive': { type: 'boolean' },
} as const;

export const workspace: Command = (args) => {
  const { values, positionals } = parse({ args, options, allowPositionals: true });
  const [action, name, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`one name at a time: ${more.join(' ')} is too much`);
  switch (action) {
    case 'list':
      if (name !== undefined) throw new UsageError('list takes no name');
      return withApp(values, list);
    case 'add': {
      const input = inputOf(name, values);
      return withApp(values, (app) => add(app, input));
    }
    case 'remove':
      if (name === undefined) throw new UsageError('remove takes a name');
      return withApp(values, (app) => remove(app, name, values['delete-archive'] ?? false));
    default:
      throw new UsageError(action === undefined ? 'add, list or remove?' : `workspace has no ${action}`);
  }
};

const never = () => ({ signal: new AbortController().signal });

async function list(app: App): Promise<number> {
  const workspaces = await app.handlers['workspace.list']({}, never());
  await print(JSON.stringify(workspaces, null, 2));
  return DONE;
}

type AddValues = {
  'api-url'?: string;
  'api-key-env'?: string;
  'auth-string-env'?: string;
  header?: string[];
  'insecure-tls'?: boolean;
};

function inputOf(name: string | undefined, values: AddValues): WorkspaceInput {
  if (name === undefined) throw new UsageError('add takes a name');
  const { 'api-url': api_url, 'api-key-env': keyEnv, 'auth-string-env': authEnv } = values;
  if (api_url === undefined)
    throw new UsageError('--api-url says where the server is, for example http://127.0.0.1:4200/api');
  if (keyEnv !== undefined && authEnv !== undefined)
    throw new UsageError('--api-key-env and --auth-string-env are two ways to sign in: give one');
  const variable = keyEnv ?? authEnv;
  const parsed = workspaceInputSchema.safeParse({
    name,
    api_url,
    auth:
      variable === undefined
        ? { kind: 'none' }
        : { kind: 'env', scheme: keyEnv === undefined ? 'basic' : 'api_key', variable },
    headers: Object.fromEntries((values.header ?? []).map(header)),
    insecure_tls: values['insecure-tls'] ?? false,
  });
  if (parsed.success) return parsed.data;
  throw new UsageError(
    parsed.error.issues[0]?.path[0] === 'name'
      ? 'a name has up to 63 letters, digits, spaces, dots, dashes and underscores, and starts with a letter or digit'
      : parsed.error.issues.map((issue) => issue.message).join('; '),
  );
}

function header(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--header takes NAME=VALUE, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A server that does not answer now may answer tomorrow: it is added, and said. A wrong address is not. */
async function add(app: App, input: WorkspaceInput): Promise<number> {
  const checked = workspaceInputSchema.parse(input);
  let problem = null;
  try {
    const signal = AbortSignal.timeout(LOOK);
    const { version, task_runs } = await app.handlers['workspace.test'](
      { input: checked, candidate: null },
      { signal },
    );
    say(`Found Prefect ${version ?? '(version unknown)'} with ${task_runs} task runs.`);
  } catch (thrown) {
    problem = toWireError(thrown);
    if (problem.code === 'BAD_INPUT' || problem.code === 'INTERNAL') throw thrown;
    if (problem.code === 'CANCELLED')
      problem = toWireError(new AppError('SERVER_TIMEOUT', 'no answer', { url: checked.api_url }));
  }
  const added = await app.handlers['workspace.add'](checked, never());
  await print(JSON.stringify(added));
  if (problem) {
    say('Added, but:');
    sayError(problem);
  }
  return DONE;
}

async function remove(app: App, name: string, archive: boolean): Promise<number> {
  const entry = app.workspaces.get(name);
  await app.handlers['workspace.remove']({ workspace: name, archive }, never());
  say(
    archive
      ? `Removed ${name} and its archive.`
      : `Removed ${name}. Its archive stays: ${app.paths.archive(entry.file)}`,
  );
  return DONE;
}
