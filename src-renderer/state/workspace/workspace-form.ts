/**
 * The form of a workspace's connection as text: for a new one and for a change, checked and turned into the contract's input. Secrets
 * and header values that the window has never seen are kept by naming them.
 */
import { pastedAddress } from '../../../src-main/contract/pasted-address.ts';
import type {
  Candidate,
  CloudWorkspace,
  ConnectionEdit,
  Workspace,
  WorkspaceInput,
} from '../../../src-main/contract/workspace.ts';

/** keep: the sign-in a workspace has, when its connection is edited */
export type Scheme = 'http' | 'https';
export type AuthChoice = 'none' | 'api_key' | 'basic' | 'keep';

/** Stands for a header's value that is kept; the person may leave it or type over it. */
export const KEPT = '•••';

export type WorkspaceForm = {
  name: string;
  where: 'server' | 'cloud';
  apiUrl: string;
  /** the Cloud workspace chosen; '' until one is */
  cloudUrl: string;
  /** of a server; Cloud has API keys only */
  auth: AuthChoice;
  /** where the secret comes from */
  source: 'env' | 'secret';
  variable: string;
  secret: string;
  /** full path of a PEM file; '' for none */
  caFile: string;
  /** `Name: value`, one a line */
  headers: string;
  insecureTls: boolean;
  /** null: ask the server */
  dialect: 'sqlite' | 'postgres' | null;
};

export const emptyForm: WorkspaceForm = {
  name: '',
  where: 'server',
  apiUrl: '',
  cloudUrl: '',
  auth: 'none',
  source: 'env',
  variable: 'PREFECT_API_KEY',
  secret: '',
  caFile: '',
  headers: '',
  insecureTls: false,
  dialect: null,
};

/** `found`: a server of this machine's profiles; `start`: what else is known already. */
export function newForm(found: Candidate | null, start: Partial<WorkspaceForm>): WorkspaceForm {
  const known = found ? { name: found.name, apiUrl: found.api_url, auth: found.auth } : {};
  return { ...emptyForm, ...known, ...start };
}

export function editForm(workspace: Workspace): WorkspaceForm {
  return {
    ...emptyForm,
    name: workspace.name,
    apiUrl: workspace.api_url,
    auth: workspace.auth === 'none' ? 'none' : 'keep',
    source: workspace.secret_env === null ? 'secret' : 'env',
    variable: workspace.secret_env ?? (workspace.auth === 'basic' ? 'PREFECT_API_AUTH_STRING' : 'PREFECT_API_KEY'),
    caFile: workspace.ca_file ?? '',
    headers: workspace.custom_headers.map((name) => `${name}: ${KEPT}`).join('\n'),
    insecureTls: workspace.insecure_tls,
    dialect: workspace.dialect_source === 'chosen' ? workspace.dialect : null,
  };
}

/** The same server as a workspace of its own: kept secrets do not leave the workspace they were given for. */
export function formOfItsOwn(form: WorkspaceForm, workspace: Workspace): WorkspaceForm {
  return {
    ...form,
    name: '',
    auth: form.auth === 'keep' ? workspace.auth : form.auth,
    headers: form.headers
      .split('\n')
      .filter((line) => !line.includes(KEPT))
      .join('\n'),
  };
}

export type FormProblems = Partial<
  Record<'name' | 'apiUrl' | 'cloudUrl' | 'variable' | 'secret' | 'caFile' | 'headers', string>
>;

const scheme = (form: WorkspaceForm): AuthChoice => (form.where === 'cloud' ? 'api_key' : form.auth);

/** Words by field; {} when it can be sent. */
export function formProblems(form: WorkspaceForm, takenNames: readonly string[]): FormProblems {
  const problems: FormProblems = keyProblems(form);
  const name = form.name.trim();
  if (name === '') problems.name = 'Give it a name';
  else if (!/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$/.test(name))
    problems.name = 'Letters, digits, space, dot, dash and underscore; at most 63';
  else if (takenNames.some((one) => one.toLowerCase() === name.toLowerCase()))
    problems.name = 'There is a workspace of that name';
  if (form.where === 'cloud') {
    if (form.cloudUrl === '') problems.cloudUrl = 'Show the workspaces of the key and choose one';
  } else {
    const url = typedUrl(form.apiUrl);
    if (form.apiUrl.trim() === '') problems.apiUrl = 'Paste the address from “prefect config view”';
    else if (!url || !['http:', 'https:'].includes(url.protocol))
      problems.apiUrl = 'An address such as http://127.0.0.1:4200/api';
    else if (url.username !== '' || url.password !== '') problems.apiUrl = 'Put the sign-in below, not in the address';
  }
  if (form.caFile.trim() !== '' && !/^(\/|[A-Za-z]:[\\/]|\\\\)/.test(form.caFile.trim()))
    problems.caFile = 'The full path of the file, from the root of the disk';
  if (headerPairs(form.headers) === null) problems.headers = 'One header a line, as Name: value';
  return problems;
}

/** Problems of the sign-in alone: asking Cloud for its workspaces needs nothing else. */
export function keyProblems(form: WorkspaceForm): FormProblems {
  const kind = scheme(form);
  if (kind === 'none' || kind === 'keep') return {};
  if (form.source === 'env')
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(form.variable.trim())
      ? {}
      : { variable: 'The name of an environment variable' };
  return form.secret === '' ? { secret: kind === 'api_key' ? 'Paste the API key' : 'As user:password' } : {};
}

/** null: a line is not a header. Of a name that occurs twice the last value counts. */
function headerPairs(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue;
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    headers[name] = value;
  }
  return headers;
}

export function formAuth(form: WorkspaceForm): WorkspaceInput['auth'] {
  const kind = scheme(form);
  if (kind === 'none' || kind === 'keep') return { kind: 'none' };
  if (form.source === 'env') return { kind: 'env', scheme: kind, variable: form.variable.trim() };
  return { kind: 'secret', scheme: kind, secret: form.secret };
}

export function formInput(form: WorkspaceForm): WorkspaceInput {
  return {
    name: form.name.trim(),
    api_url: form.where === 'cloud' ? form.cloudUrl : pastedAddress(form.apiUrl),
    auth: formAuth(form),
    headers: headerPairs(form.headers) ?? {},
    insecure_tls: form.insecureTls,
    ca_file: form.caFile.trim() || null,
    dialect: form.dialect,
  };
}

export function formEdit(form: WorkspaceForm): ConnectionEdit {
  const { name, api_url, insecure_tls = false, ca_file = null } = formInput(form);
  const headers = Object.entries(headerPairs(form.headers) ?? {});
  return {
    name,
    api_url,
    auth: form.auth === 'keep' ? { kind: 'keep' } : formAuth(form),
    headers: Object.fromEntries(headers.map(([header, value]) => [header, value === KEPT ? null : value])),
    insecure_tls,
    ca_file,
  };
}

export function sameEdit(one: ConnectionEdit, other: ConnectionEdit): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The variable that Prefect itself reads, as long as no other was typed. */
export function variableFor(kind: AuthChoice, variable: string): string {
  if (kind === 'api_key' && variable === 'PREFECT_API_AUTH_STRING') return 'PREFECT_API_KEY';
  if (kind === 'basic' && variable === 'PREFECT_API_KEY') return 'PREFECT_API_AUTH_STRING';
  return variable;
}

/** A name for a Cloud workspace that the contract takes: its handles, as far as they fit. */
export function cloudName({ account, workspace }: CloudWorkspace): string {
  const name = `${account} ${workspace}`.replace(/[^A-Za-z0-9 ._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return name.slice(0, 63).trim() || 'cloud';
}

/** Where a workspace is, short: `api.prefect.cloud`, `127.0.0.1:4200`. */
export function workspaceHost(apiUrl: string): string {
  return typedUrl(apiUrl)?.host ?? apiUrl;
}

/** What was typed as an address, with https where it names no scheme; null: it is none. */
export function typedUrl(apiUrl: string): URL | null {
  const text = pastedAddress(apiUrl);
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  return URL.canParse(whole) ? new URL(whole) : null;
}

/** The typed address with this scheme, whichever it had. */
export const withScheme = (scheme: Scheme, apiUrl: string): string =>
  `${scheme}://${pastedAddress(apiUrl).replace(/^https?:\/\//i, '')}`;
