/** Where the search of the list has found its words, for the runs on screen. */
import { SvelteMap } from 'svelte/reactivity';
import { MOST_FOUND } from '../../../src-main/contract/calls.ts';
import { searchesNothing, type Found, type Search } from '../../../src-main/contract/found-in.ts';
import { logSearch } from '../../../src-main/contract/log-search.ts';
import { searchedFor } from '../filters/conditions.ts';
import { api, app } from '../window/app.svelte.ts';
import { question } from './question.svelte.ts';

/** ms that a list stands still before its runs are asked for: scrolling asks for none. */
const STILL = 150;

class FoundRows {
  private readonly typed = $derived(JSON.stringify(searchedFor(question.where)));
  readonly search = $derived(JSON.parse(this.typed) as Search);
  /** places of the searched words in a text; null: nothing is searched for */
  readonly hits = $derived.by(() => {
    if (searchesNothing(this.search)) return null;
    const { hits } = logSearch(`${this.search.text} ${this.search.log}`, false);
    return hits;
  });
  private readonly known = new SvelteMap<string, Found>();
  /** ids of those known of the answer on screen; others are asked for again and stay until then */
  private readonly fresh = new Set<string>();
  private seen = $state.raw<[from: number, to: number]>([0, 0]);

  see(from: number, to: number): void {
    this.seen = [from, to];
  }

  /** null: not known yet, or nothing is searched for */
  of(id: string): Found | null {
    return this.known.get(id) ?? null;
  }

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      void this.typed;
      this.known.clear();
    });
    $effect(() => {
      // another answer may find more: logs were fetched, rows have changed
      void [question.answer, this.typed];
      this.fresh.clear();
    });
    $effect(() => {
      const [from, to] = this.seen;
      const { answer } = question;
      const { workspace } = app;
      const { search } = this;
      if (!this.hits || !answer || workspace === null) return;
      const ids: string[] = [];
      for (let index = from; index < Math.min(to, answer.count) && ids.length < MOST_FOUND; index++) {
        const id = question.rows.at(index)?.id;
        if (id !== undefined) ids.push(id);
      }
      const abort = new AbortController();
      const timer = setTimeout(() => void this.ask(workspace, search, ids, abort.signal), STILL);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  /** A failure leaves the rows without the words: the list itself is there. */
  private async ask(workspace: string, search: Search, ids: string[], signal: AbortSignal): Promise<void> {
    const wanted = ids.filter((id) => !this.fresh.has(id));
    if (wanted.length === 0) return;
    try {
      const found = await api['query.found']({ workspace, search, ids: wanted }, { signal });
      if (signal.aborted) return;
      found.forEach((one, i) => {
        const id = wanted[i];
        if (id === undefined) return;
        this.fresh.add(id);
        if (one) this.known.set(id, one);
      });
    } catch {
      // asked again with the next rows
    }
  }
}

export const foundRows = new FoundRows();
