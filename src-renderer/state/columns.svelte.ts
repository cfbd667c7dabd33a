/** Which columns the grid shows, in which order and width; kept in the settings. */
import { app } from './app.svelte.ts';
import { chosenColumns, type ColumnChoice } from '../ui/grid-columns.ts';

/** A column being resized tells at every move of the pointer; the settings file need not. */
const SETTLE_MS = 300;

class Columns {
  /** while a resize goes on */
  private draft = $state.raw<ColumnChoice[] | null>(null);
  list = $derived(this.draft ?? chosenColumns(app.settings.columns));
  private timer: ReturnType<typeof setTimeout> | undefined;

  set(columns: ColumnChoice[]): void {
    this.draft = columns;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void app.save({ columns: $state.snapshot(columns) });
      this.draft = null;
    }, SETTLE_MS);
  }
}

export const columns = new Columns();
