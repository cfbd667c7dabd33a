/** Changes a workspace's connection: makes the new entry, asks whether its server is the one whose runs are kept, and takes it into use. */
import type { Workspace, ConnectionEdit } from '../../contract/workspace.ts';
import { AppError, fromWireError, type WireError } from '../../contract/errors.ts';
import { apiUrlGuesses, withSchemes } from '../../prefect/address.ts';
import { secretHeaders } from '../../prefect/secrets.ts';
import { settledAddress } from './settled-address.ts';
import type { Archives } from '../archive/archives.ts';
import type { Connection } from '../../prefect/connection.ts';
import type { ConnectionPart, Entry, Typed, Workspaces } from './workspaces.ts';

/** What an edit works on. */
export type Parts = {
  readonly workspaces: Workspaces;
  readonly archives: Archives;
  readonly readOnly: WireError | null;
};

type Server = 'same' | 'another' | 'unknown';
type Edited = { change: ConnectionPart; typed: Typed };

/**
 * Throws BAD_INPUT for the demo, an address that is none, a header that cannot be set or has no value in `kept`, and an address that what is
 * kept secret is not for.
 */
export function edited(entry: Entry, kept: Record<string, string>, edit: ConnectionEdit): Edited {
  const { name, auth, headers, insecure_tls, ca_file } = edit;
  if (entry.demo) throw new AppError('BAD_INPUT', 'the demo has no connection to edit', { workspace: entry.name });
  const api_url = receiving(entry, edit);
  const whole = staying(entry, edit)
    ? null
    : Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, value ?? keptHeader(kept, header)]));
  secretHeaders(null, whole ?? {});
  const signIn: Record<typeof auth.kind, () => Entry['auth']> = {
    keep: () => entry.auth,
    none: () => ({ kind: 'none' }),
    env: () => auth as Extract<typeof auth, { kind: 'env' }>,
    secret: () => ({ kind: 'kept', scheme: (auth as Extract<typeof auth, { kind: 'secret' }>).scheme }),
  };
  return {
    change: { name, api_url, auth: signIn[auth.kind](), headers: Object.keys(headers), insecure_tls, ca_file },
    typed: { secret: auth.kind === 'secret' ? auth.secret : null, headers: whole },
  };
}

/**
 * The address, with the scheme of the one there is where none was typed. What is kept secret goes to the origin it was given for and to no
 * other: a page that was taken over could otherwise have it sent anywhere. Throws BAD_INPUT.
 */
function receiving(entry: Entry, { api_url, auth, headers }: ConnectionEdit): string {
  const origin = (url: string) => new URL(apiUrlGuesses(url)[0] ?? url).origin;
  const [typed] = withSchemes(api_url, false);
  const keeps = (auth.kind === 'keep' && entry.auth.kind !== 'none') || Object.values(headers).includes(null);
  if (!keeps) return api_url;
  const home = origin(entry.api_url);
  const same = withSchemes(api_url, false).find((one) => origin(one) === home);
  if (same !== undefined) return origin(api_url) === home ? api_url : same;
  throw new AppError('BAD_INPUT', `the sign-in and headers kept for ${entry.name} are sent to ${home} only`, {
    field: 'auth',
    advice: `Nothing was changed. Type them again to send them to ${origin(typed)}.`,
  });
}

/** Whether all headers stay: then their values need not be known, and the command line may not see them. */
function staying(entry: Entry, { headers }: ConnectionEdit): boolean {
  const names = (list: string[]) => list.map((name) => name.toLowerCase()).sort().join('\n'); // prettier-ignore
  return (
    Object.values(headers).every((value) => value === null) && names(Object.keys(headers)) === names(entry.headers)
  );
}

function keptHeader(kept: Record<string, string>, wanted: string): string {
  const found = Object.entries(kept).find(([header]) => header.toLowerCase() === wanted.toLowerCase());
  if (found) return found[1];
  throw new AppError('BAD_INPUT', `the header ${wanted} needs a value`, { field: 'headers' });
}

/** The kept values of headers that the edit names without a value; {} when it needs none. */
async function keptHeaders(
  workspaces: Workspaces,
  workspace: string,
  edit: ConnectionEdit,
): Promise<Record<string, string>> {
  const needed = Object.values(edit.headers).includes(null) && !staying(workspaces.get(workspace), edit);
  return needed ? workspaces.headers(workspace) : {};
}

/** Two ways to write one address, such as with and without `/api`. */
function sameAddress(one: string, other: string): boolean {
  return one === other || apiUrlGuesses(one)[0] === apiUrlGuesses(other)[0];
}

/** Throws BAD_INPUT, SECRET_MISSING and the server's errors. */
export async function testEdit(parts: Parts, workspace: string, edit: ConnectionEdit, signal: AbortSignal) {
  const { workspaces, archives } = parts;
  const entry = workspaces.get(workspace);
  const next = edited(entry, await keptHeaders(workspaces, workspace, edit), edit);
  const connection = await connectionOf(workspaces, entry, next);
  const { api_url, version, task_runs } = await archives.server.probe({ connection }, { signal });
  const server: Server = sameAddress(entry.api_url, api_url)
    ? 'same'
    : await (await archives.get(workspace)).whose({ ...connection, api_url }, signal);
  return { api_url, version, task_runs, server };
}

/** Throws as `testEdit` does, and ANOTHER_SERVER. When it throws, nothing has changed. */
export async function saveEdit(
  parts: Parts,
  workspace: string,
  edit: ConnectionEdit,
  anyway: boolean,
  signal: AbortSignal,
): Promise<Workspace> {
  const { workspaces, archives, readOnly } = parts;
  if (readOnly) throw fromWireError(readOnly);
  const entry = workspaces.get(workspace);
  const next = edited(entry, await keptHeaders(workspaces, workspace, edit), edit);
  const { change, typed } = next;
  workspaces.refuseTaken(change.name, workspace);
  if (change.api_url !== entry.api_url) {
    const connection = () => connectionOf(workspaces, entry, next);
    change.api_url = await settledAddress(archives.server, change.api_url, connection, signal);
  }
  const moved = !sameAddress(entry.api_url, change.api_url);
  const archive = moved ? await archives.get(workspace) : await archives.opened(workspace);
  let server: Server = moved && anyway ? 'another' : 'same';
  if (archive && moved && !anyway) {
    server = await archive.whose(await connectionOf(workspaces, entry, next), signal);
    if (server === 'another') {
      const host = new URL(apiUrlGuesses(change.api_url)[0] ?? change.api_url).host;
      throw new AppError('ANOTHER_SERVER', `${host} knows nothing of ${workspace}`, { workspace, host });
    }
  }
  let done = false;
  await archive?.quiet();
  try {
    if (moved) await archive?.forgetServer(change.api_url, server !== 'same');
    const saved = await workspaces.edit(workspace, change, typed);
    if (change.name !== workspace) await archives.renamed(workspace, change.name);
    done = true;
    return await archives.describe(saved);
  } finally {
    if (await archives.opened(workspace)) await archive?.resume(done && server === 'another');
  }
}

/** The secret is still kept under the entry's present name. */
function connectionOf(workspaces: Workspaces, entry: Entry, { change, typed }: Edited): Promise<Connection> {
  return workspaces.connection({ ...entry, ...change, name: entry.name }, typed);
}
