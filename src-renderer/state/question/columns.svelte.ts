/**
 * Which columns the grid shows, in which order and width, and how many of the first stay in place. The person's own are kept in the
 * settings; a preset's stand in their place while it is chosen, so that choosing a preset does not rearrange the person's own list.
 */
import { app } from '../window/app.svelte.ts';
import { chosenColumns, defaultWidth, type ColumnChoice } from '../../grid-columns.ts';

/** Pause after a change of columns until it is saved, ms: a resize changes them at every move of the pointer. */
const SETTLE_MS = 300;

type Shown = { list: readonly ColumnChoice[]; frozen: number };
export type ColumnState = Shown & { own: boolean };

class Columns {
  /** while a resize goes on */
  private draft = $state.raw<Shown | null>(null);
  private ofPreset = $state.raw<Shown | null>(null);
  private own = $derived({ list: chosenColumns(app.settings.columns), frozen: app.settings.frozen_columns });
  private shown = $derived(this.ofPreset ?? this.draft ?? this.own);
  list = $derived([...this.shown.list]);
  fields = $derived(this.list.map(({ field }) => field));
  /** how many of the first stay in place while the list is scrolled sideways */
  frozen = $derived(Math.min(this.shown.frozen, this.list.length));
  /** a preset keeps no widths: a column is as wide as it was last */
  private readonly widths = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** One that is taken away from those that stay in place is one of them less. */
  set(list: readonly ColumnChoice[]): void {
    const left = new Set(list.map(({ field }) => field));
    this.take({ list, frozen: this.fields.slice(0, this.frozen).filter((field) => left.has(field)).length });
  }

  /** The first `count` stay in place; 0: none do. */
  freeze(count: number): void {
    this.take({ list: this.list, frozen: count });
  }

  private take(shown: Shown): void {
    for (const { field, width } of shown.list) this.widths.set(field, width);
    if (this.ofPreset) {
      this.ofPreset = shown;
      return;
    }
    this.draft = shown;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void app.save({ columns: [...$state.snapshot(shown.list)], frozen_columns: shown.frozen });
      this.draft = null;
    }, SETTLE_MS);
  }

  /** Fields that stand in the place of the person's own; null: none do. */
  get instead(): string[] | null {
    return this.ofPreset && this.fields;
  }

  /** What `show` and `set` take to be as now. */
  get state(): ColumnState {
    return { own: this.ofPreset === null, list: this.list, frozen: this.frozen };
  }

  resume({ own, list, frozen }: ColumnState): void {
    this.show(own ? null : list.map(({ field }) => field), frozen);
    if (JSON.stringify([list, frozen]) !== JSON.stringify([this.list, this.frozen])) this.take({ list, frozen });
  }

  /** Those of a preset or a place, of which the first `frozen` stay in place; null: the person's own. */
  show(fields: readonly string[] | null, frozen = 0): void {
    const own = new Map((app.settings.columns ?? []).map(({ field, width }) => [field, width]));
    const width = (field: string) => this.widths.get(field) ?? own.get(field) ?? defaultWidth(field);
    this.ofPreset = fields && {
      list: chosenColumns(fields.map((field) => ({ field, width: width(field) }))),
      frozen,
    };
  }
}

export const columns = new Columns();
