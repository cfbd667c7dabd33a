/** What is read for the runs on screen alone, once the list stands still. */
import { SvelteMap } from 'svelte/reactivity';
import { app } from '../window/app.svelte.ts';
import { question } from './question.svelte.ts';

type Asked<T> = {
  /** what is asked of each run, as a text that tells one question from another; null: nothing is. Reading it must be reactive */
  what: () => string | null;
  /** runs that one call may name */
  most: number;
  /** ms that a list stands still before its runs are asked for: scrolling asks for none */
  still: number;
  /** null: nothing is known of the run */
  ask: (workspace: string, ids: string[], signal: AbortSignal) => Promise<(T | null)[]>;
};

export class OnScreen<T> {
  private readonly asked: Asked<T>;
  private readonly what: string | null;
  private readonly known = new SvelteMap<string, T>();
  /** by id, those known of the answer on screen; others are asked for again and stay until then */
  private fresh: Record<string, true> = {};
  private seen = $state.raw<[from: number, to: number]>([0, 0]);

  constructor(asked: Asked<T>) {
    this.asked = asked;
    this.what = $derived(asked.what());
  }

  see(from: number, to: number): void {
    this.seen = [from, to];
  }

  /** null: not known yet */
  of(id: string): T | null {
    return this.known.get(id) ?? null;
  }

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      void this.what;
      this.known.clear();
    });
    $effect(() => {
      // another answer may say more: logs were fetched, rows have changed
      void [question.answer, this.what];
      this.fresh = {};
    });
    $effect(() => {
      const [from, to] = this.seen;
      const { answer } = question;
      const { workspace } = app;
      if (this.what === null || !answer || workspace === null) return;
      const ids: string[] = [];
      for (let index = from; index < Math.min(to, answer.count); index++) {
        const id = question.rows.at(index)?.id;
        if (id !== undefined) ids.push(id);
      }
      const abort = new AbortController();
      const timer = setTimeout(() => void this.read(workspace, ids, abort.signal), this.asked.still);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  /** A failure leaves the rows without it: the list itself is there. */
  private async read(workspace: string, ids: readonly string[], signal: AbortSignal): Promise<void> {
    const { most, ask } = this.asked;
    const wanted = ids.filter((id) => this.fresh[id] !== true);
    try {
      for (let at = 0; at < wanted.length; at += most) {
        const piece = wanted.slice(at, at + most);
        const found = await ask(workspace, piece, signal);
        if (signal.aborted) return;
        for (const [i, id] of piece.entries()) {
          this.fresh[id] = true;
          const one = found[i] ?? null;
          if (one === null) this.known.delete(id);
          else this.known.set(id, one);
        }
      }
    } catch {
      // asked again with the next rows
    }
  }
}
