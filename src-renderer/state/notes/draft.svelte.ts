/**
 * A note being edited: of one thing, or one text for several runs. Each letter goes into the window's session storage, so that neither a lost connection nor a reload loses the text;
 * it goes from there once the core has kept the note.
 */
import { z } from 'zod';
import type { AppError } from '../../../src-main/contract/errors.ts';
import { noteKey, type About } from '../../../src-main/contract/note.ts';
import { keptNotes } from './kept-notes.svelte.ts';

const draftSchema = z.object({ was: z.string(), now: z.string() });
type Text = z.infer<typeof draftSchema>;

export class NoteDraft {
  readonly about: readonly About[];
  /** null: the note is not being edited */
  text = $state.raw<Text | null>(null);
  saving = $state(false);
  /** why it could not be kept; the text stays */
  problem = $state.raw<AppError | null>(null);
  private readonly workspace: string;
  private readonly key: string;

  private constructor(workspace: string, about: readonly About[], name: string) {
    this.about = about;
    this.workspace = workspace;
    this.key = `taskscope note ${workspace} ${name}`;
    this.text = stored(this.key);
  }

  static of(workspace: string, about: About): NoteDraft {
    return new NoteDraft(workspace, [about], noteKey(about));
  }

  /** To be added to the notes that there are. */
  static ofSeveral(workspace: string, ids: readonly string[]): NoteDraft {
    const draft = new NoteDraft(
      workspace,
      ids.map((id) => ({ kind: 'task_run', id })),
      'several',
    );
    draft.text ??= { was: '', now: '' };
    return draft;
  }

  begin(): void {
    if (keptNotes.fixed || this.text !== null) return;
    const was = this.kept();
    this.text = { was, now: was };
  }

  type(now: string): void {
    if (this.text === null) return;
    this.text = { ...this.text, now };
    store(this.key, this.text);
  }

  cancel(): void {
    this.text = null;
    this.problem = null;
    store(this.key, null);
  }

  /** Blanks at the end are left out. A text that is typed while it is being kept stays a draft. */
  async save(): Promise<void> {
    const sent = this.text;
    if (sent === null || this.saving) return;
    const now = sent.now.trimEnd();
    if (now === sent.was) return this.cancel();
    this.saving = true;
    const text = { was: sent.was, now };
    const { problem } = await keptNotes.change(
      this.workspace,
      this.about.map((one) => ({ ...one, text })),
    );
    this.problem = problem;
    this.saving = false;
    if (this.problem) return;
    if (this.text === sent) this.cancel();
    else if (this.text) this.text = { was: this.kept(), now: this.text.now };
  }

  private kept(): string {
    const [one] = this.about;
    return (one && keptNotes.of(one)?.text) ?? '';
  }
}

function stored(key: string): Text | null {
  try {
    const kept = draftSchema.safeParse(JSON.parse(sessionStorage.getItem(key) ?? 'null'));
    return kept.success ? kept.data : null;
  } catch {
    return null; // the browser keeps nothing for this page
  }
}

function store(key: string, text: Text | null): void {
  try {
    if (text === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(text));
  } catch {
    // as above: the text is in the window alone
  }
}
