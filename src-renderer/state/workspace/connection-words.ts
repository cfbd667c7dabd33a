/** Words about a workspace's connection while it is changed. */
import type { Workspace } from '../../../src-main/contract/workspace.ts';
import { KEPT, typedUrl, type WorkspaceForm } from './workspace-form.ts';

/** Host that a kept secret would be sent to for the first time; null: the origin is the same as before. */
export function newReceiver(workspace: Workspace, form: WorkspaceForm): string | null {
  const keeps = (form.auth === 'keep' && workspace.auth !== 'none') || form.headers.includes(KEPT);
  const [before, after] = [typedUrl(workspace.api_url), typedUrl(form.apiUrl)];
  return keeps && after && before?.origin !== after.origin ? after.host : null;
}

/** "API key from PREFECT_API_KEY". `place`: where a typed one is kept, such as "this machine’s keychain". */
export function signInWords({ auth, secret_env }: Workspace, place: string): string {
  if (auth === 'none') return 'No sign-in';
  const what = auth === 'api_key' ? 'API key' : 'User and password';
  return `${what} from ${secret_env ?? place}`;
}

/** Says what happens to the archive's runs when both servers are kept in it. */
export function mixWords({ task_runs, retention }: Workspace, count: (n: number) => string): string {
  const runs = task_runs === null ? 'the runs that are here' : `the ${count(task_runs)} runs that are here`;
  return retention.gone === 'drop'
    ? `Together in one archive, ${runs} would be deleted: this archive mirrors its server.`
    : `Together in one archive, ${runs} would be marked as gone.`;
}
