/** Asks Prefect Cloud which workspaces an API key may see. */
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import type { CloudWorkspace } from '../contract/workspace.ts';
import { createClient } from './client.ts';
import type { Auth } from './connection.ts';

const CLOUD_API = 'https://api.prefect.cloud/api';

const schema = z.array(
  z.object({
    account_id: z.uuid(),
    account_handle: z.string(),
    workspace_id: z.uuid(),
    workspace_handle: z.string(),
  }),
);

/**
 * By handle, in the order of `prefect cloud workspace ls`. `api_url` null: PREFECT_CLOUD_API_URL, else Cloud's own. The variable is taken from
 * the environment only: a folder's `.env` must not decide where a key is sent. Throws BAD_INPUT without an API key, and the client's errors.
 */
export async function listCloudWorkspaces(
  { auth, api_url }: { auth: Auth; api_url: string | null },
  signal: AbortSignal,
  env: Record<string, string | undefined> = process.env,
): Promise<CloudWorkspace[]> {
  if (auth?.scheme !== 'api_key')
    throw new AppError('BAD_INPUT', 'Prefect Cloud is asked with an API key', {
      field: 'auth',
      advice: 'Make one in Prefect Cloud under your profile, API Keys.',
    });
  const client = createClient({ api_url: api_url ?? (env['PREFECT_CLOUD_API_URL'] || CLOUD_API), auth });
  try {
    const options = { signal, urgent: true };
    const all = await client.ask(schema, { method: 'GET', path: '/me/workspaces' }, options);
    const base = await client.apiUrl(options);
    return all
      .map((one) => ({
        account: one.account_handle,
        workspace: one.workspace_handle,
        api_url: `${base}/accounts/${one.account_id}/workspaces/${one.workspace_id}`,
      }))
      .sort((a, b) => compare(a.account, b.account) || compare(a.workspace, b.workspace));
  } finally {
    await client.close();
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
