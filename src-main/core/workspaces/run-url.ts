/**
 * Where Prefect's own UI shows a task run. Cloud: app.prefect.cloud/account/…/workspace/…; self-hosted: beside `/api`. Both of Prefect's UIs
 * know `/runs/task-run/ID`.
 */
import { apiUrlGuesses } from '../../prefect/address.ts';
import type { Entry } from './workspaces.ts';

/** null for the demo, which has no UI, and for an address that is none. */
export function runUrl(entry: Entry, id: string): string | null {
  const api = entry.demo ? null : apiOf(entry.api_url);
  if (!api) return null;
  const cloud = /\/api\/accounts\/([^/]+)\/workspaces\/([^/]+)/.exec(api.pathname);
  if (cloud && api.hostname === 'api.prefect.cloud')
    return `https://app.prefect.cloud/account/${cloud[1]}/workspace/${cloud[2]}/runs/task-run/${id}`;
  return `${api.origin}${api.pathname.replace(/\/api$/, '')}/runs/task-run/${id}`;
}

/** The likeliest API of an address that has not answered yet, so that it was kept as it was typed. */
function apiOf(kept: string): URL | null {
  try {
    return new URL(apiUrlGuesses(kept)[0] ?? kept);
  } catch {
    return null;
  }
}
