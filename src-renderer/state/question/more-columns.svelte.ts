/** Columns that the rows of the list do not hold, such as paths into their JSON: their values for the runs on screen, and the paths there are. */
import { MOST_MORE, type MoreValue } from '../../../src-main/contract/calls.ts';
import { isMoreColumn } from '../../grid-columns.ts';
import { api, app } from '../window/app.svelte.ts';
import { columns } from './columns.svelte.ts';
import { readMore } from './more-values.ts';
import { OnScreen } from './on-screen.svelte.ts';
import { question } from './question.svelte.ts';

/** Characters of a text that a cell and its tooltip show. */
const SHOWN = 500;

class MoreColumns {
  private readonly fields = $derived(columns.fields.filter(isMoreColumn));
  private readonly onScreen = new OnScreen<ReadonlyMap<string, MoreValue>>({
    what: () => (this.fields.length > 0 ? JSON.stringify(this.fields) : null),
    most: MOST_MORE,
    still: 40,
    ask: (workspace, ids, signal) => readMore(workspace, ids, this.fields, SHOWN, signal),
  });

  see(from: number, to: number): void {
    this.onScreen.see(from, to);
  }

  /** undefined: not read yet */
  value(id: string, field: string): MoreValue | undefined {
    return this.onScreen.of(id)?.get(field);
  }

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    this.onScreen.follow();
  }

  /** Paths into the JSON of the list's rows that are no columns by themselves, with the share of rows that have a value there, 0 to 1. */
  async paths(): Promise<{ path: string; share: number }[]> {
    const { workspace } = app;
    const result = question.answer?.result;
    if (workspace === null || result === undefined) return [];
    const { of, paths } = await api['query.paths']({ workspace, result });
    return paths.filter(({ path }) => isMoreColumn(path)).map(({ path, rows }) => ({ path, share: rows / of }));
  }
}

export const moreColumns = new MoreColumns();
