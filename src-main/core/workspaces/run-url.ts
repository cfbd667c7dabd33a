/** Where Prefect's own UI shows a task run. Cloud: app.prefect.cloud/account/…/workspace/…; self-hosted: beside `/api`. */
import type { Entry } from './workspaces.ts';

/** null for the demo, which has no UI, and for an address that is none. */
export function runUrl(entry: Entry, id: string): string | null {
  if (entry.demo || !URL.canParse(entry.api_url)) return null;
  const api = new URL(entry.api_url);
  const cloud = /\/api\/accounts\/([^/]+)\/workspaces\/([^/]+)/.exec(api.pathname);
  if (cloud && api.hostname === 'api.prefect.cloud')
    return `https://app.prefect.cloud/account/${cloud[1]}/workspace/${cloud[2]}/runs/task-run/${id}`;
  return `${api.origin}${api.pathname.replace(/\/api\/?$/, '')}/runs/task-run/${id}`;
}
