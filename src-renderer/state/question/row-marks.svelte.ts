/** What the list shows of the runs on screen besides their values: where its search has found its words, and which took longer than is usual. */
import { SvelteMap } from 'svelte/reactivity';
import { MOST_MARKS, type RowMarks } from '../../../src-main/contract/calls.ts';
import { searchesNothing, type Search } from '../../../src-main/contract/found-in.ts';
import { logSearch } from '../../../src-main/contract/log-search.ts';
import { searchedFor } from '../filters/conditions.ts';
import { api, app } from '../window/app.svelte.ts';
import { question } from './question.svelte.ts';

/** ms that a list stands still before its runs are asked for: scrolling asks for none. */
const STILL = 150;

class MarkedRows {
  private readonly typed = $derived(JSON.stringify(searchedFor(question.where)));
  readonly search = $derived(JSON.parse(this.typed) as Search);
  /** places of the searched words in a text; null: nothing is searched for */
  readonly hits = $derived.by(() => {
    if (searchesNothing(this.search)) return null;
    const { hits } = logSearch(`${this.search.text} ${this.search.log}`, false);
    return hits;
  });
  private readonly known = new SvelteMap<string, RowMarks>();
  /** ids of those known of the answer on screen; others are asked for again and stay until then */
  private readonly fresh = new Set<string>();
  private seen = $state.raw<[from: number, to: number]>([0, 0]);

  see(from: number, to: number): void {
    this.seen = [from, to];
  }

  /** null: not known yet */
  of(id: string): RowMarks | null {
    return this.known.get(id) ?? null;
  }

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      void this.typed;
      this.known.clear();
    });
    $effect(() => {
      // another answer may have other marks: logs were fetched, rows have changed
      void [question.answer, this.typed];
      this.fresh.clear();
    });
    $effect(() => {
      const [from, to] = this.seen;
      const { answer } = question;
      const { workspace } = app;
      const { search } = this;
      if (!answer || workspace === null) return;
      const ids: string[] = [];
      for (let index = from; index < Math.min(to, answer.count) && ids.length < MOST_MARKS; index++) {
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

  /** A failure leaves the rows without their marks: the list itself is there. */
  private async ask(workspace: string, search: Search, ids: string[], signal: AbortSignal): Promise<void> {
    const wanted = ids.filter((id) => !this.fresh.has(id));
    if (wanted.length === 0) return;
    try {
      const marks = await api['query.marks']({ workspace, search, ids: wanted }, { signal });
      if (signal.aborted) return;
      marks.forEach((one, i) => {
        const id = wanted[i];
        if (id === undefined) return;
        this.fresh.add(id);
        this.known.set(id, one);
      });
    } catch {
      // asked again with the next rows
    }
  }
}

export const rowMarks = new MarkedRows();
