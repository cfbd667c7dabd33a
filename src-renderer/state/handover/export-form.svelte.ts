/** What the export dialog is set to; kept in the settings for the next export. */
import {
  defaultExportColumns,
  exportColumn,
  formatsOf,
  headsOf,
  makesFolder,
  moreColumns,
  tooManyRows,
  type Delimiter,
  type ExportFormat,
  type ExportKind,
  type ExportOptions,
} from '../../../src-main/contract/export.ts';
import type { AppError } from '../../../src-main/contract/errors.ts';
import type { Query } from '../../../src-main/contract/query.ts';
import type { ExportChoice } from '../../../src-main/contract/settings.ts';
import { allFields } from '../filters/catalog.ts';
import { columns } from '../question/columns.svelte.ts';
import { groupedList } from '../question/groups.svelte.ts';
import { question } from '../question/question.svelte.ts';
import { app } from '../window/app.svelte.ts';
import { csvChoice, type CsvChoice } from './csv-choice.ts';

export const formatNames: Record<ExportFormat, string> = {
  csv: 'CSV',
  jsonl: 'JSON Lines',
  json: 'JSON',
  parquet: 'Parquet',
  xlsx: 'Excel',
  text: 'Text',
  files: 'Files in a folder',
};
/** What the window can write: what the core exports, and the groups of the list, as CSV. */
export type SavedKind = ExportKind | 'groups';
export const kindNames: Record<SavedKind, string> = {
  runs: 'Runs',
  logs: 'Kept logs',
  artifacts: 'Kept artifacts',
  groups: 'Groups',
};
export const delimiterNames: Record<Delimiter, string> = { ',': 'Comma', ';': 'Semicolon', '\t': 'Tab' };

/** Everything that can be a column: fields of the run and its parents, then what stands in their JSON. */
export const columnGroups: readonly { title: string; columns: { path: string; title: string }[] }[] = [
  ...['Task run', 'Flow run', 'Flow', 'Deployment'].map((title) => ({
    title,
    columns: allFields.filter((one) => one.group === title).map(({ path, label }) => ({ path, title: label })),
  })),
  { title: 'More', columns: Object.entries(moreColumns).map(([path, title]) => ({ path, title })) },
];

export class ExportForm {
  what = $state<SavedKind>('runs');
  format = $state<ExportFormat>('csv');
  scope = $state<'view' | 'chosen'>('view');
  /** of the list, the usual set, or those of `chosen`; raw: the server's own rows */
  which = $state<'shown' | 'usual' | 'chosen' | 'raw'>('shown');
  chosen = $state.raw<readonly string[]>([]);
  /** null: as the system's locale has it */
  delimiter = $state<Delimiter | null>(null);
  spreadsheet = $state(true);
  header = $state<'key' | 'title'>('key');
  local = $state(false);
  tags = $state<'json' | 'joined'>('json');
  byDay = $state(false);
  /** runs that were chosen when the dialog was opened; null: none */
  readonly ids: readonly string[] | null;

  constructor(ids: readonly string[] | null, what: SavedKind) {
    this.ids = ids;
    const kept = app.settings.export_choice;
    this.format = kept.format;
    this.which = kept.which;
    this.chosen = kept.columns.length > 0 ? kept.columns : columns.fields;
    this.delimiter = kept.delimiter;
    this.spreadsheet = kept.spreadsheet;
    this.header = kept.header;
    this.local = kept.local_times;
    this.tags = kept.tags;
    this.byDay = kept.by_day;
    if (ids !== null) this.scope = 'chosen';
    this.choose(what);
  }

  /** runs, or groups, in the file */
  get count(): number {
    if (this.what === 'groups') return groupedList.shown?.count ?? 0;
    return this.scope === 'chosen' ? (this.ids?.length ?? 0) : question.count;
  }

  get formats(): readonly ExportFormat[] {
    return this.what === 'groups' ? ['csv'] : formatsOf[this.what];
  }

  /** JSON of runs may be the server's own rows. */
  get rawOffered(): boolean {
    return this.what === 'runs' && (this.format === 'json' || this.format === 'jsonl');
  }

  /** null: the server's own rows, byte for byte */
  get paths(): readonly string[] | null {
    if (this.which === 'raw') return this.rawOffered ? null : columns.fields;
    return this.which === 'usual' ? defaultExportColumns : this.which === 'chosen' ? this.chosen : columns.fields;
  }

  /** What the first line of the file will be. */
  get heads(): string[] {
    return headsOf((this.paths ?? []).map(exportColumn), this.header);
  }

  /** Why these runs do not fit into such a file; null: they do. */
  get refused(): AppError | null {
    return tooManyRows(this, this.count);
  }

  get folder(): boolean {
    return this.what !== 'groups' && makesFolder(this.options);
  }

  /** CSV is written, be it in the tables of artifacts. */
  get writesCsv(): boolean {
    return this.format === 'csv' || this.what === 'artifacts';
  }

  /** While a question is asked the answer on screen is another one's. */
  get ready(): boolean {
    return !question.busy && !this.refused && this.count > 0 && (this.what !== 'runs' || this.paths?.length !== 0);
  }

  choose(what: SavedKind): void {
    this.what = what;
    if (!this.formats.includes(this.format)) this.format = this.formats[0] ?? 'csv';
  }

  toggle(path: string): void {
    this.chosen = this.chosen.includes(path) ? this.chosen.filter((one) => one !== path) : [...this.chosen, path];
  }

  get query(): Query {
    if (this.scope === 'view' || this.ids === null) return $state.snapshot(question.query);
    return { where: { field: 'id', in: [...this.ids] }, sort: question.sort };
  }

  /** The answer whose rows are written; null: runs named by their ids. */
  get result(): string | null {
    return this.scope === 'view' || this.ids === null ? (question.answer?.result ?? null) : null;
  }

  get options(): ExportOptions {
    return {
      ...this.csv,
      // groups are written by the window itself
      what: this.what === 'groups' ? 'runs' : this.what,
      format: this.format,
      columns: this.what === 'runs' && this.paths !== null ? [...this.paths] : null,
      by_day: this.format === 'parquet' && this.byDay,
      compression: 'zstd',
      lines: null,
    };
  }

  get csv(): CsvChoice {
    return csvChoice(this.choice, app.utc);
  }

  private get choice(): ExportChoice {
    return {
      format: this.what === 'runs' ? this.format : app.settings.export_choice.format,
      which: this.which,
      columns: [...this.chosen],
      delimiter: this.delimiter,
      spreadsheet: this.spreadsheet,
      header: this.header,
      local_times: this.local,
      tags: this.tags,
      by_day: this.byDay,
    };
  }

  /** Keeps the choice for the next export. */
  remember(): void {
    const { choice } = this;
    if (JSON.stringify(choice) !== JSON.stringify(app.settings.export_choice)) void app.save({ export_choice: choice });
  }
}
