/** Saves what the window itself has made where the person says. */
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { receiveDownload } from './exports.svelte.ts';

/**
 * `content`: base64, made once the person has chosen a place; `what` begins the note that says where it is. false: the person chose none.
 */
export async function saveContent(suggested: string, what: string, content: () => Promise<string>): Promise<boolean> {
  const place = await api['export.choose']({ suggested });
  if (!place) return false;
  const { path, download } = await api['export.write']({ save: place.save, content: await content() });
  if (download !== null) receiveDownload(download);
  const name = path.split(/[\\/]/).at(-1) ?? path;
  const reveal = { label: 'Show in folder', run: () => void notes.attempt(() => show(path)) };
  notes.say(`${what} saved as ${name}`, app.hello?.capabilities.reveal_file ? reveal : null);
  return true;
}

async function show(path: string): Promise<void> {
  await api['shell.revealFile']({ path });
}
