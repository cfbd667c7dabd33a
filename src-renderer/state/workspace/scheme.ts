/** A server that speaks http where its address says https, or the other way round: which it speaks, and the address set right. */
import type { WireError } from '../../../src-main/contract/errors.ts';
import type { Workspace } from '../../../src-main/contract/workspace.ts';
import { sync } from '../sync/sync.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { dialogs } from '../window/dialogs.svelte.ts';
import { editForm, formEdit, withScheme, type Scheme } from './workspace-form.ts';

/** What the server speaks, when that is what is wrong with its address; else null. */
export function spokenScheme(problem: Pick<WireError, 'details'> | null | undefined): Scheme | null {
  return (['http', 'https'] as const).find((one) => problem?.details[one] !== undefined) ?? null;
}

/**
 * Saves the address with this scheme and syncs. A sign-in or header was given for the other address and is not sent to this one unasked:
 * then, and when it cannot be saved, the connection is opened with the address filled in.
 */
export async function useScheme(workspace: Workspace, scheme: Scheme): Promise<void> {
  const { name } = workspace;
  const open = () => dialogs.connection(name, scheme);
  if (workspace.auth !== 'none' || workspace.custom_headers.length > 0) return open();
  const form = editForm(workspace);
  const edit = formEdit({ ...form, apiUrl: withScheme(scheme, form.apiUrl) });
  try {
    app.replace(await api['workspace.edit']({ workspace: name, edit, anyway: false }));
  } catch {
    return open();
  }
  await sync.start();
}
