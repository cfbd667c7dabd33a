/** Opens a web address outside of the window. */
import { copyText } from '../../ui/copy.ts';
import { api } from './app.svelte.ts';
import { notes } from './notes.svelte.ts';

/** Where no browser can be opened, such as on a server without a display, the link is copied and shown. */
export async function openOutside(url: string): Promise<void> {
  await notes.attempt(async () => {
    const { opened } = await api['shell.openExternal']({ url });
    if (opened) return;
    const copied = await copyText(url);
    notes.link(copied ? 'No browser can be opened from here. Copied:' : 'No browser can be opened from here:', url);
  });
}
