/** Bookmarks, "seen" and notes by key and menu: about the chosen runs, or else the open run, the flow run in view or the run under the keyboard. */
import { noteKey, type About } from '../../../src-main/contract/note.ts';
import { plural } from '../../format.ts';
import { chosen } from '../question/chosen.svelte.ts';
import { undo } from '../question/undo.svelte.ts';
import { app } from '../window/app.svelte.ts';
import { dialogs } from '../window/dialogs.svelte.ts';
import { notes as messages } from '../window/notes.svelte.ts';
import { selection } from '../window/selection.svelte.ts';
import { views } from '../window/views.svelte.ts';
import { keptNotes } from './kept-notes.svelte.ts';

export const ofRuns = (ids: readonly string[]): About[] => ids.map((id) => ({ kind: 'task_run', id }));

/** What the keys are about; []: nothing. */
export function marked(): About[] {
  const view = views.now;
  if (view.kind === 'runs' && chosen.count > 0) return ofRuns(chosen.ids);
  if (selection.id !== null) return ofRuns([selection.id]);
  if (view.kind === 'flow_run') return [{ kind: 'flow_run', id: view.id }];
  const inList = (document.activeElement?.closest('[role="grid"]') ?? null) !== null;
  return inList && selection.atKeyboard !== null ? ofRuns([selection.atKeyboard]) : [];
}

const words = {
  bookmarked: { set: 'bookmarked', taken: 'no longer bookmarked' },
  seen: { set: 'marked as seen', taken: 'no longer marked as seen' },
} as const;

/** Sets the mark on all of these, or takes it away when all have it. */
export async function toggleMark(mark: keyof typeof words, about: readonly About[] = marked()): Promise<void> {
  const { workspace } = app;
  if (workspace === null || about.length === 0 || refused()) return;
  await messages.attempt(async () => {
    const notes = await keptNotes.read(about);
    const has = (one: (typeof notes)[number]) => (mark === 'seen' ? one.seen !== null : one.bookmarked);
    const set = !notes.every(has);
    const changes = notes
      .filter((one) => has(one) !== set)
      .map(({ kind, id }) => ({
        kind,
        id,
        ...(mark === 'seen' ? { seen: set ? (true as const) : null } : { bookmarked: set }),
      }));
    const { act, problem } = await keptNotes.change(workspace, changes);
    if (problem) throw problem;
    const what =
      about[0]?.kind === 'flow_run' ? 'Flow run' : about.length === 1 ? 'Run' : plural(changes.length, 'run');
    messages.say(`${what} ${words[mark][set ? 'set' : 'taken']}`, { label: 'Undo', run: () => undo.takeBack(act) });
  });
}

/** Several runs get a note in a dialog; of one the note is edited where it stands. */
export function writeNote(about: readonly About[] = marked()): void {
  const [first] = about;
  if (first === undefined || refused()) return;
  if (about.length > 1) return dialogs.note(about.map(({ id }) => id));
  if (first.kind === 'task_run' && selection.id !== first.id) selection.open(first.id, null);
  keptNotes.wanted = { ...first };
}

/** The note is now being edited. */
export function isWanted(about: About): boolean {
  return keptNotes.wanted !== null && noteKey(keptNotes.wanted) === noteKey(about);
}

function refused(): boolean {
  if (keptNotes.fixed) messages.say('Nothing can be marked or noted here: it is only read');
  return keptNotes.fixed;
}
