/**
 * The rows a person has chosen to copy, export or hand over. They stay chosen while the list is read again or ordered anew; another
 * question or workspace begins without any.
 */
import { untrack } from 'svelte';
import { plural } from '../../format.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { selection } from '../window/selection.svelte.ts';
import { extended, MOST_CHOSEN, nothingChosen, rangeOf, startedAt, toggled, type ChosenRows } from './chosen-rows.ts';
import { question } from './question.svelte.ts';

/** Rows the core gives in one answer. */
const PIECE = 1000;

class Chosen {
  private rows = $state.raw<ChosenRows>(nothingChosen);
  /** grows with every gesture: rows of an older one that arrive late are not taken */
  private gesture = 0;

  get count(): number {
    return this.rows.ids.size;
  }

  get ids(): string[] {
    return [...this.rows.ids];
  }

  has(id: string): boolean {
    return this.rows.ids.has(id);
  }

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      void question.where;
      void app.workspace;
      untrack(() => this.clear());
    });
    // places belong to one answer
    $effect(() => {
      void question.answer;
      untrack(() => (this.rows = { ...this.rows, anchor: null }));
    });
  }

  /** A row was opened: nothing is chosen, and a range begins there. */
  start(index: number): void {
    this.gesture += 1;
    this.rows = startedAt(index);
  }

  /** The open run counts as the first of the rows to which others are added. */
  toggle(index: number, id: string): void {
    this.gesture += 1;
    const { id: open, index: place } = selection;
    if (this.count === 0 && open !== null && place !== null && open !== id) this.rows = toggled(this.rows, place, open);
    this.rows = toggled(this.rows, index, id);
  }

  /** Chooses the rows from the last one that was chosen, or else from `from`, to `to`. */
  async extend(from: number, to: number): Promise<void> {
    const { result } = question.answer ?? {};
    const anchor = this.rows.anchor ?? from;
    const wanted = rangeOf(anchor, to);
    if (result === undefined) return;
    if (Math.abs(to - anchor) >= MOST_CHOSEN) this.sayMost();
    await this.take(result, wanted.from, wanted.end, (ids) =>
      extended(this.rows, anchor > to ? ids.toReversed() : ids, anchor),
    );
  }

  async all(): Promise<void> {
    const { result, count = 0 } = question.answer ?? {};
    if (result === undefined) return;
    if (count > MOST_CHOSEN) this.sayMost();
    else await this.take(result, 0, count, (ids) => extended(nothingChosen, ids, 0));
  }

  /** As the list was left. */
  resume(ids: readonly string[]): void {
    this.gesture += 1;
    if (ids.length > 0) this.rows = { ...nothingChosen, ids: new Set(ids), base: new Set(ids) };
  }

  clear(): void {
    this.gesture += 1;
    if (this.count > 0) this.rows = nothingChosen;
  }

  private async take(result: string, from: number, end: number, make: (ids: string[]) => ChosenRows): Promise<void> {
    const gesture = ++this.gesture;
    const ids: string[] = [];
    for (let at = from; at < end; at++) {
      const row = question.rows.at(at);
      if (row) ids.push(row.id);
      else {
        const rest = await this.read(result, at, Math.min(at + PIECE, end));
        if (rest === null || gesture !== this.gesture) return;
        ids.push(...rest);
        at += rest.length - 1;
      }
    }
    this.rows = make(ids);
  }

  /** null when the rows cannot be had; the message was shown */
  private async read(result: string, from: number, to: number): Promise<string[] | null> {
    const { workspace } = app;
    if (workspace === null) return null;
    try {
      const rows = await api['query.rows']({ workspace, result, rows: { from, to } });
      return rows.length === 0 ? null : rows.map((row) => row.id);
    } catch (thrown) {
      notes.fail(thrown);
      return null;
    }
  }

  private sayMost(): void {
    notes.say(`Up to ${plural(MOST_CHOSEN, 'run')} can be chosen. Export takes the whole list.`);
  }
}

export const chosen = new Chosen();
