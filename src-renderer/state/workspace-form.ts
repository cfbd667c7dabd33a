/** The "add a server" form as text, checked and turned into the contract's input. */
import type { WorkspaceInput } from '../../src-main/contract/rows.ts';

export type AuthChoice = 'none' | 'api_key' | 'basic';

export type WorkspaceForm = {
  name: string;
  apiUrl: string;
  auth: AuthChoice;
  /** where the secret comes from */
  source: 'env' | 'secret';
  variable: string;
  secret: string;
  insecureTls: boolean;
  /** null: ask the server */
  dialect: 'sqlite' | 'postgres' | null;
};

export const emptyForm: WorkspaceForm = {
  name: '',
  apiUrl: '',
  auth: 'none',
  source: 'env',
  variable: 'PREFECT_API_KEY',
  secret: '',
  insecureTls: false,
  dialect: null,
};

export type FormProblems = Partial<Record<'name' | 'apiUrl' | 'variable' | 'secret', string>>;

/** Words by field; {} when it can be sent. */
export function formProblems(form: WorkspaceForm, takenNames: readonly string[]): FormProblems {
  const problems: FormProblems = {};
  const name = form.name.trim();
  if (name === '') problems.name = 'Give it a name';
  else if (!/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$/.test(name))
    problems.name = 'Letters, digits, space, dot, dash and underscore; at most 63';
  else if (takenNames.some((one) => one.toLowerCase() === name.toLowerCase()))
    problems.name = 'There is a workspace of that name';
  const url = URL.canParse(form.apiUrl.trim()) ? new URL(form.apiUrl.trim()) : null;
  if (form.apiUrl.trim() === '') problems.apiUrl = 'Paste the address from “prefect config view”';
  else if (!url || !['http:', 'https:'].includes(url.protocol))
    problems.apiUrl = 'An address that starts with http:// or https://';
  else if (url.username !== '' || url.password !== '') problems.apiUrl = 'Put the sign-in below, not in the address';
  if (form.auth !== 'none') {
    if (form.source === 'env' && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(form.variable.trim()))
      problems.variable = 'The name of an environment variable';
    if (form.source === 'secret' && form.secret === '')
      problems.secret = form.auth === 'api_key' ? 'Paste the API key' : 'As user:password';
  }
  return problems;
}

export function formInput(form: WorkspaceForm): WorkspaceInput {
  const base = {
    name: form.name.trim(),
    api_url: form.apiUrl.trim(),
    insecure_tls: form.insecureTls,
    dialect: form.dialect,
  };
  if (form.auth === 'none') return { ...base, auth: { kind: 'none' } };
  if (form.source === 'env')
    return { ...base, auth: { kind: 'env', scheme: form.auth, variable: form.variable.trim() } };
  return { ...base, auth: { kind: 'secret', scheme: form.auth, secret: form.secret } };
}

/** Where a workspace is, short: `api.prefect.cloud`, `127.0.0.1:4200`. */
export function workspaceHost(apiUrl: string): string {
  return URL.canParse(apiUrl) ? new URL(apiUrl).host : apiUrl;
}
