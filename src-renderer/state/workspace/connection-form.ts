/** The connection of a workspace as a form. What the window has never seen, secrets and headers' values, stays by being named. */
import type { ConnectionEdit, Workspace } from '../../../src-main/contract/rows.ts';
import { emptyForm, formAuth, formInput, headerPairs, type WorkspaceForm } from './workspace-form.ts';

/** Stands for a header's value that is kept; the person may leave it or type over it. */
export const KEPT = '•••';

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

const originOf = (url: string) => (URL.canParse(url.trim()) ? new URL(url.trim()) : null);

/** The machine that a kept secret would be sent to for the first time; null: it goes where it went. */
export function newReceiver(workspace: Workspace, form: WorkspaceForm): string | null {
  const keeps = (form.auth === 'keep' && workspace.auth !== 'none') || form.headers.includes(KEPT);
  const [before, after] = [originOf(workspace.api_url), originOf(form.apiUrl)];
  return keeps && after && before?.origin !== after.origin ? after.host : null;
}

/** "API key from PREFECT_API_KEY". `place`: where a typed one is kept, such as "this machine’s keychain". */
export function signInWords({ auth, secret_env }: Workspace, place: string): string {
  if (auth === 'none') return 'No sign-in';
  const what = auth === 'api_key' ? 'API key' : 'User and password';
  return `${what} from ${secret_env ?? place}`;
}

/** What becomes of the runs that are here, should both servers be kept in one archive. */
export function mixWords({ task_runs, keeping }: Workspace, count: (n: number) => string): string {
  const runs = task_runs === null ? 'the runs that are here' : `the ${count(task_runs)} runs that are here`;
  return keeping.gone === 'drop'
    ? `Together in one archive, ${runs} would be deleted: this archive mirrors its server.`
    : `Together in one archive, ${runs} would be marked as gone.`;
}
