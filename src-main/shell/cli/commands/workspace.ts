/** `taskscope workspace add|edit|cloud|list|remove`. */
import { resolve } from 'node:path';
import { AppError, toWireError } from '../../../contract/errors.ts';
import { workspaceInputSchema, type CloudWorkspace, type WorkspaceInput } from '../../../contract/workspace.ts';
import type { App } from '../../../core/app.ts';
import { DONE, print, say, sayError, UsageError } from '../../terminal.ts';
import { parse, withApp, type Command, type Values } from './options.ts';
import { checkEdit, edit, editOptions } from './workspace-edit.ts';
import { header, NAME_RULE, warnOfInsecureTls } from './workspace-header.ts';

const LOOK = 10_000; // ms to wait for the server's first answer

const options = {
  'data-dir': { type: 'string' },
  cloud: { type: 'string' },
  'delete-archive': { type: 'boolean' },
  archive: { type: 'string' },
  ...editOptions,
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
      const { cloud, ...input } = inputOf(name, values);
      return withApp(values, async (app) =>
        add(
          app,
          cloud === null ? input : { ...input, api_url: await cloudUrl(app, cloud, input.auth) },
          values.archive ?? null,
        ),
      );
    }
    case 'edit': {
      const { 'data-dir': _, 'delete-archive': __, archive, cloud, ...changes } = values;
      if (archive !== undefined) throw new UsageError('--archive is for a new workspace');
      if (cloud !== undefined) throw new UsageError('edit takes --api-url; "workspace cloud" prints those of Cloud');
      const edited = checkEdit(name, changes);
      return withApp(values, (app) => edit(app, edited, changes));
    }
    case 'cloud': {
      if (name !== undefined) throw new UsageError('cloud takes no name');
      const auth = cloudKey(values);
      return withApp(values, async (app) => {
        await print(JSON.stringify(await cloudWorkspaces(app, auth), null, 2));
        return DONE;
      });
    }
    case 'remove':
      if (name === undefined) throw new UsageError('remove takes a name');
      return withApp(values, (app) => remove(app, name, values['delete-archive'] ?? false));
    default:
      throw new UsageError(action === undefined ? 'add, edit, cloud, list or remove?' : `workspace has no ${action}`);
  }
};

const never = () => ({ signal: new AbortController().signal });

async function list(app: App): Promise<number> {
  const workspaces = await app.handlers['workspace.list']({}, never());
  await print(JSON.stringify(workspaces, null, 2));
  return DONE;
}

type AddValues = Values<typeof options>;
type Auth = WorkspaceInput['auth'];

function cloudKey({ 'api-key-env': variable }: AddValues): Auth {
  if (variable === undefined) throw new UsageError('--api-key-env names the variable that holds the Cloud API key');
  return { kind: 'env', scheme: 'api_key', variable };
}

async function cloudWorkspaces(app: App, auth: Auth): Promise<CloudWorkspace[]> {
  return app.handlers['workspace.cloud']({ auth, api_url: null }, { signal: AbortSignal.timeout(LOOK) });
}

/** `handle`: ACCOUNT/WORKSPACE, as `prefect cloud workspace ls` prints it. */
async function cloudUrl(app: App, handle: string, auth: Auth): Promise<string> {
  const all = await cloudWorkspaces(app, auth);
  const found = all.find((one) => `${one.account}/${one.workspace}` === handle);
  if (found) return found.api_url;
  const known = all.map((one) => `${one.account}/${one.workspace}`).join(', ');
  throw new AppError('NOT_FOUND', `no Cloud workspace ${handle}; this key may see ${known || 'none'}`);
}

function inputOf(name: string | undefined, values: AddValues): WorkspaceInput & { cloud: string | null } {
  if (name === undefined) throw new UsageError('add takes a name');
  const { 'api-url': url, 'api-key-env': keyEnv, 'auth-string-env': authEnv, cloud } = values;
  if (url !== undefined && cloud !== undefined)
    throw new UsageError('--api-url and --cloud are two ways to say where it is: give one');
  if (url === undefined && cloud === undefined)
    throw new UsageError('--api-url says where the server is, for example http://127.0.0.1:4200/api');
  if (keyEnv !== undefined && authEnv !== undefined)
    throw new UsageError('--api-key-env and --auth-string-env are two ways to sign in: give one');
  if (cloud !== undefined) cloudKey(values);
  if (cloud !== undefined && !/^[^/]+\/[^/]+$/.test(cloud)) throw new UsageError('--cloud takes ACCOUNT/WORKSPACE');
  const variable = keyEnv ?? authEnv;
  const caFile = values['ca-file'];
  const parsed = workspaceInputSchema.safeParse({
    name,
    api_url: url ?? 'named by Cloud',
    auth:
      variable === undefined
        ? { kind: 'none' }
        : { kind: 'env', scheme: keyEnv === undefined ? 'basic' : 'api_key', variable },
    headers: Object.fromEntries((values.header ?? []).map(header)),
    insecure_tls: values['insecure-tls'] ?? false,
    ca_file: caFile === undefined ? null : resolve(caFile),
  });
  if (parsed.success) return { ...parsed.data, cloud: cloud ?? null };
  throw new UsageError(
    parsed.error.issues[0]?.path[0] === 'name'
      ? NAME_RULE
      : parsed.error.issues.map((issue) => issue.message).join('; '),
  );
}

/** Adds the workspace also when its server does not answer, and says so. A wrong address is not added. `archive`: file name of one that is kept. */
async function add(app: App, input: WorkspaceInput, archive: string | null): Promise<number> {
  const checked = workspaceInputSchema.parse(input);
  let found = checked.api_url;
  warnOfInsecureTls(checked.insecure_tls);
  let problem = null;
  try {
    const signal = AbortSignal.timeout(LOOK);
    const { api_url, version, task_runs } = await app.handlers['workspace.test'](
      { input: checked, candidate: null },
      { signal },
    );
    found = api_url;
    say(`Found Prefect ${version ?? '(version unknown)'} with ${task_runs} task runs.`);
    const kept =
      archive === null ? await app.handlers['workspace.kept']({ input: checked, candidate: null }, { signal }) : [];
    for (const one of kept)
      say(
        `An archive of this server is kept: ${app.paths.archive(one.file)}, ${one.task_runs} task runs. To go on with it, remove ${checked.name} again and add it with --archive ${one.file}.`,
      );
  } catch (thrown) {
    problem = toWireError(thrown);
    if (problem.code === 'BAD_INPUT' || problem.code === 'INTERNAL') throw thrown;
    if (problem.code === 'CANCELLED')
      problem = toWireError(new AppError('SERVER_TIMEOUT', 'no answer', { url: checked.api_url }));
  }
  const added = await app.handlers['workspace.add']({ ...checked, api_url: found, archive }, never());
  await print(JSON.stringify(added));
  if (archive !== null) say(`${added.name} goes on with the archive ${app.paths.archive(archive)}.`);
  if (problem) {
    say('Added, but:');
    sayError(problem);
  }
  return DONE;
}

async function remove(app: App, name: string, archive: boolean): Promise<number> {
  const entry = app.workspaces.get(name);
  const files = archive ? await app.handlers['workspace.files']({ workspace: name }, never()) : [];
  for (const { path, bytes } of files) say(`Deletes ${path} (${bytes} bytes)`);
  await app.handlers['workspace.remove']({ workspace: name, archive }, never());
  say(
    archive
      ? `Removed ${name} and its archive.`
      : `Removed ${name}. Its archive stays: ${app.paths.archive(entry.file)}`,
  );
  return DONE;
}
