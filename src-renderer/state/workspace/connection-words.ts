/** Words about a workspace's connection while it is changed. */
import { pastedAddress } from '../../../src-main/contract/pasted-address.ts';
import type { Workspace } from '../../../src-main/contract/workspace.ts';
import { KEPT, typedUrl, type WorkspaceForm } from './workspace-form.ts';

/** Says that what is kept secret does not go to another origin than the one it was given for; null: it stays there, or none is kept. */
export function notSentWords(workspace: Workspace, form: WorkspaceForm): string | null {
  const kept = [
    ...(form.auth === 'keep' && workspace.auth !== 'none' ? ['sign-in'] : []),
    ...(form.headers.includes(KEPT) ? ['header values'] : []),
  ];
  const [before, after] = [typedUrl(workspace.api_url), typedUrl(form.apiUrl)];
  if (kept.length === 0 || !before || !after) return null;
  // an address typed without its scheme takes that of the present one
  const isWhole = /^[a-z][a-z0-9+.-]*:\/\//i.test(pastedAddress(form.apiUrl));
  if (isWhole ? before.origin === after.origin : before.host === after.host) return null;
  const [are, them] = kept.join() === 'sign-in' ? ['is', 'it'] : ['are', 'them'];
  return `The ${kept.join(' and ')} kept for this workspace ${are} not sent to ${after.host}. Type ${them} again to test or save this address.`;
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
