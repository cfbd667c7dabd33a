/**
 * Which columns the grid shows, in which order and width. The person's own are kept in the settings; a preset's stand in their
 * place while it is chosen, so that choosing a preset does not rearrange the person's own list.
 */
import { app } from '../window/app.svelte.ts';
import { chosenColumns, defaultWidth, type ColumnChoice } from '../../grid-columns.ts';

/** Pause after a change of columns until it is saved, ms: a resize changes them at every move of the pointer. */
const SETTLE_MS = 300;

export type ColumnState = { own: boolean; list: readonly ColumnChoice[] };

class Columns {
  /** while a resize goes on */
  private draft = $state.raw<ColumnChoice[] | null>(null);
  private ofPreset = $state.raw<ColumnChoice[] | null>(null);
  list = $derived(this.ofPreset ?? this.draft ?? chosenColumns(app.settings.columns));
  fields = $derived(this.list.map(({ field }) => field));
  /** a preset keeps no widths: a column is as wide as it was last */
  private readonly widths = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  set(columns: ColumnChoice[]): void {
    for (const { field, width } of columns) this.widths.set(field, width);
    if (this.ofPreset) {
      this.ofPreset = columns;
      return;
    }
    this.draft = columns;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void app.save({ columns: $state.snapshot(columns) });
      this.draft = null;
    }, SETTLE_MS);
  }

  /** Fields that stand in the place of the person's own; null: none do. */
  get instead(): string[] | null {
    return this.ofPreset && this.fields;
  }

  /** What `show` and `set` take to be as now. */
  get state(): ColumnState {
    return { own: this.ofPreset === null, list: this.list };
  }

  resume({ own, list }: ColumnState): void {
    this.show(own ? null : list.map(({ field }) => field));
    if (JSON.stringify(list) !== JSON.stringify(this.list)) this.set([...list]);
  }

  /** Those of a preset; null: the person's own. */
  show(fields: readonly string[] | null): void {
    const own = new Map((app.settings.columns ?? []).map(({ field, width }) => [field, width]));
    const width = (field: string) => this.widths.get(field) ?? own.get(field) ?? defaultWidth(field);
    this.ofPreset = fields && chosenColumns(fields.map((field) => ({ field, width: width(field) })));
  }
}

export const columns = new Columns();
