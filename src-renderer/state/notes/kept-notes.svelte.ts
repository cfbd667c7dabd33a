/** Notes, bookmarks and "seen" of what is on screen: read from the core, changed there first, and shown as the core has them then. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import { noNote, noteKey, type About, type Note, type NoteChange } from '../../../src-main/contract/note.ts';
import { presets } from '../question/presets.svelte.ts';
import { question } from '../question/question.svelte.ts';
import type { Act } from '../question/steps.ts';
import { undo } from '../question/undo.svelte.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes as messages } from '../window/notes.svelte.ts';

/** Notes that are remembered: more than are on screen at once. */
const MOST_KNOWN = 200;
/** Notes in one reading. */
const AT_ONCE = 1000;

type Changed = { act: Act; problem: null } | { act: null; problem: AppError };

class KeptNotes {
  /** by workspace and `noteKey` */
  private known = $state.raw<ReadonlyMap<string, Note>>(new Map());
  /** another object: the note on this is to be edited */
  wanted = $state.raw<About | null>(null);

  /** A case file is only read, and so is a folder that cannot be written. */
  fixed = $derived(app.readOnly !== null || app.current?.kind === 'case');

  /** null: not read yet */
  of(about: About): Note | null {
    return this.known.get(`${app.workspace} ${noteKey(about)}`) ?? null;
  }

  /** Reads the notes on these. Throws the core's errors. */
  async read(about: readonly About[]): Promise<Note[]> {
    const { workspace } = app;
    if (workspace === null) return [];
    const found: Note[] = [];
    for (let at = 0; at < about.length; at += AT_ONCE)
      found.push(...(await api['note.read']({ workspace, about: about.slice(at, at + AT_ONCE) })));
    const byKey = new Map(found.map((note) => [noteKey(note), note]));
    const all = about.map((one) => byKey.get(noteKey(one)) ?? noNote(one));
    this.remember(workspace, all);
    return all;
  }

  /** For what is on screen: a failure leaves what was read before. */
  async look(about: readonly About[]): Promise<void> {
    await this.read(about).catch(() => undefined);
  }

  /** Kept when it resolves, and `act` is a step that can be undone. With an error nothing was changed. */
  async change(workspace: string, changes: readonly NoteChange[]): Promise<Changed> {
    try {
      const { was, notes } = await this.send(workspace, changes);
      const back = changes.map((one, i) => reversed(one, was[i], notes[i]));
      const forth = changes.map((one, i) => reversed(one, notes[i], was[i]));
      const again = (list: readonly NoteChange[]) =>
        void messages.attempt(async () => void (await this.send(workspace, list)));
      const act = { back: () => again(back), forth: () => again(forth) };
      undo.did(act);
      return { act, problem: null };
    } catch (thrown) {
      return { act: null, problem: toAppError(thrown) };
    }
  }

  private async send(workspace: string, changes: readonly NoteChange[]): Promise<{ was: Note[]; notes: Note[] }> {
    const made = await api['note.change']({ workspace, changes: [...changes] });
    this.remember(workspace, made.notes);
    if (app.workspace === workspace) {
      void presets.count(workspace);
      await question.rows.renew().catch(() => undefined);
    }
    return made;
  }

  private remember(workspace: string, list: readonly Note[]): void {
    const fresh = list.map((note) => [`${workspace} ${noteKey(note)}`, note] as const);
    const keys = new Set<string>(fresh.map(([key]) => key));
    const others = [...this.known].filter(([key]) => !keys.has(key));
    this.known = new Map([...others, ...fresh].slice(-MOST_KNOWN)); // the latest are last
  }
}

/** From the note `from` back to `to`, of what the change was about. */
function reversed({ kind, id, text, bookmarked, seen }: NoteChange, to?: Note, from?: Note): NoteChange {
  const [target, present] = [to ?? noNote({ kind, id }), from ?? noNote({ kind, id })];
  return {
    kind,
    id,
    ...(text && { text: { was: present.text, now: target.text } }),
    ...(bookmarked !== undefined && { bookmarked: target.bookmarked }),
    ...(seen !== undefined && { seen: target.seen }),
  };
}

export const keptNotes = new KeptNotes();
