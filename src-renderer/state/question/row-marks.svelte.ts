/** What the list shows of the runs on screen besides their values: where its search has found its words, and which took longer than is usual. */
import { MOST_MARKS, type RowMarks } from '../../../src-main/contract/calls.ts';
import { searchesNothing, type Search } from '../../../src-main/contract/found-in.ts';
import { logSearch } from '../../../src-main/contract/log-search.ts';
import { searchedFor } from '../filters/conditions.ts';
import { api } from '../window/app.svelte.ts';
import { OnScreen } from './on-screen.svelte.ts';
import { question } from './question.svelte.ts';

class MarkedRows {
  private readonly typed = $derived(JSON.stringify(searchedFor(question.where)));
  readonly search = $derived(JSON.parse(this.typed) as Search);
  /** places of the searched words in a text; null: nothing is searched for */
  readonly hits = $derived.by(() => {
    if (searchesNothing(this.search)) return null;
    const { hits } = logSearch(`${this.search.text} ${this.search.log}`, false);
    return hits;
  });
  private readonly onScreen = new OnScreen<RowMarks>({
    what: () => this.typed,
    most: MOST_MARKS,
    still: 150,
    ask: (workspace, ids, signal) => api['query.marks']({ workspace, search: this.search, ids }, { signal }),
  });

  see(from: number, to: number): void {
    this.onScreen.see(from, to);
  }

  /** null: not known yet */
  of(id: string): RowMarks | null {
    return this.onScreen.of(id);
  }

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    this.onScreen.follow();
  }
}

export const rowMarks = new MarkedRows();
