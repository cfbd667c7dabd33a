/** Which columns the grid shows, in which order and width; kept in the settings. */
import { app } from './app.svelte.ts';
import { chosenColumns, defaultColumns, movedColumn, toggledColumn, type ColumnChoice } from '../ui/grid-columns.ts';

class Columns {
  list = $derived(chosenColumns(app.settings.columns));

  has(field: string): boolean {
    return this.list.some((one) => one.field === field);
  }
  toggle(field: string): void {
    this.keep(toggledColumn(this.list, field));
  }
  resize(field: string, width: number): void {
    this.keep(this.list.map((one) => (one.field === field ? { field, width } : one)));
  }
  move(from: number, to: number): void {
    this.keep(movedColumn(this.list, from, to));
  }
  reset(): void {
    this.keep([...defaultColumns]);
  }

  private keep(columns: ColumnChoice[]): void {
    void app.save({ columns });
  }
}

export const columns = new Columns();
