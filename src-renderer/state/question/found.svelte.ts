/** Where the search of the list has found its words, for the runs on screen. */
import { MOST_FOUND } from '../../../src-main/contract/calls.ts';
import { searchesNothing, type Found, type Search } from '../../../src-main/contract/found-in.ts';
import { logSearch } from '../../../src-main/contract/log-search.ts';
import { searchedFor } from '../filters/conditions.ts';
import { api } from '../window/app.svelte.ts';
import { OnScreen } from './on-screen.svelte.ts';
import { question } from './question.svelte.ts';

class FoundRows {
  private readonly typed = $derived(JSON.stringify(searchedFor(question.where)));
  readonly search = $derived(JSON.parse(this.typed) as Search);
  /** places of the searched words in a text; null: nothing is searched for */
  readonly hits = $derived.by(() => {
    if (searchesNothing(this.search)) return null;
    const { hits } = logSearch(`${this.search.text} ${this.search.log}`, false);
    return hits;
  });
  private readonly onScreen = new OnScreen<Found>({
    what: () => (this.hits ? this.typed : null),
    most: MOST_FOUND,
    still: 150,
    ask: (workspace, ids, signal) => api['query.found']({ workspace, search: this.search, ids }, { signal }),
  });

  see(from: number, to: number): void {
    this.onScreen.see(from, to);
  }

  /** null: not known yet, or nothing is searched for */
  of(id: string): Found | null {
    return this.onScreen.of(id);
  }

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    this.onScreen.follow();
  }
}

export const foundRows = new FoundRows();
