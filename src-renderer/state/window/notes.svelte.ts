/** One short message at the foot of the window: what was done, with a way back, or what went wrong. */
import type { AppError } from '../../../src-main/contract/errors.ts';
import { shownProblem } from './shown-problem.ts';

type Action = { label: string; run: () => void };
type Note = {
  id: number;
  text: string | null;
  error: AppError | null;
  action: Action | null;
  /** a web address to follow */
  link: string | null;
};

/** Long enough to read and to reach the button, in ms. Errors stay until they are closed. */
const SHOWN_MS = 6000;

class Notes {
  current = $state.raw<Note | null>(null);
  private next = 1;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Returns its id. */
  say(text: string, action: Action | null = null): number {
    const id = this.next++;
    this.show({ id, text, error: null, action, link: null });
    this.timer = setTimeout(() => this.close(), SHOWN_MS);
    return id;
  }

  /** Shows the error until it is closed. A cancelled call is not shown; a lost connection has its own banner. */
  fail(thrown: unknown): void {
    const error = shownProblem(thrown);
    if (error) this.show({ id: this.next++, text: null, error, action: null, link: null });
  }

  /** Stays until it is closed: a link is there to be read or followed. */
  link(text: string, link: string): void {
    this.show({ id: this.next++, text, error: null, action: null, link });
  }

  /** Returns true when `work` succeeded; otherwise shows its error. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      this.fail(thrown);
      return false;
    }
  }

  /** `id`: only the note with it, if it is still there. */
  close(id = this.current?.id): void {
    if (this.current?.id !== id) return;
    clearTimeout(this.timer);
    this.current = null;
  }

  private show(note: Note): void {
    clearTimeout(this.timer);
    this.current = note;
  }
}

export const notes = new Notes();
