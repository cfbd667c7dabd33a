/** Puts on the clipboard what a report of a fault needs. */
import { copyText } from '../../ui/copy.ts';
import { api, app } from './app.svelte.ts';
import { notes } from './notes.svelte.ts';

export async function copyDiagnostics(): Promise<void> {
  await notes.attempt(async () => {
    const { text } = await api.diagnostics({});
    const folder = app.hello?.data_dir ?? 'the data folder';
    if (await copyText(text))
      notes.say('Diagnostics copied: versions, workspaces, state of sync and the last lines of the log, no secrets');
    else notes.say(`The clipboard could not be used. “taskscope doctor” prints the same; the log is in ${folder}`);
  });
}
