/** What an export writes, and how. Which runs: a query; chosen runs are the query `{ field: 'id', in: […] }`. */
import { z } from 'zod';
import { AppError } from './errors.ts';
import { fields, resolveField, type Entity, type FieldInfo } from './fields.ts';
import { logFilterSchema } from './log-filter.ts';

/** `runs`: a row each. `logs`, `artifacts`: what is kept of the same runs beside their rows. */
export const exportKinds = ['runs', 'logs', 'artifacts'] as const;
export type ExportKind = (typeof exportKinds)[number];

/** `files`: a folder with a file for each artifact, Markdown as .md, tables as .csv, anything else as .json. */
export const exportFormats = ['csv', 'jsonl', 'json', 'parquet', 'xlsx', 'text', 'files'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** The formats of each kind, the usual one first. */
export const formatsOf: Record<ExportKind, readonly ExportFormat[]> = {
  runs: ['csv', 'jsonl', 'json', 'parquet', 'xlsx'],
  logs: ['text', 'jsonl', 'csv'],
  artifacts: ['files'],
};

/** How the name of a file ends. A folder's name has no ending. */
export const fileEndings: Record<ExportFormat, string> = {
  csv: '.csv',
  jsonl: '.jsonl',
  json: '.json',
  parquet: '.parquet',
  xlsx: '.xlsx',
  text: '.log',
  files: '',
};

/** Rows of a sheet, its header not among them. */
export const MOST_XLSX_ROWS = 1_048_575;

export const delimiters = [',', ';', '\t'] as const;
export type Delimiter = (typeof delimiters)[number];

/** What an export can be told besides its runs. The defaults write exactly the archive's values. */
export const exportOptionsSchema = z.object({
  what: z.enum(exportKinds).default('runs'),
  format: z.enum(exportFormats).default('csv'),
  /**
   * paths in order, see `exportColumn`; null: the default set, and for jsonl and json the server's own row, byte for byte. Of runs only
   */
  columns: z
    .array(z.string().min(1))
    .min(1)
    .max(500)
    .refine((paths) => new Set(paths).size === paths.length, 'a column is named twice')
    .nullable()
    .default(null),
  /** heads of the columns: `flow_run.name` or `Flow run`. Of csv, parquet and xlsx; of logs as csv */
  header: z.enum(['key', 'title']).default('key'),
  /** IANA name of the zone in which csv, text and xlsx show times, with its offset; null: UTC */
  time_zone: z.string().nullable().default(null),
  /** tags in one cell of csv and xlsx: `["a","b"]` or `a, b` */
  tags: z.enum(['json', 'joined']).default('json'),
  /** of csv, be it a table among artifacts */
  delimiter: z.enum(delimiters).default(','),
  /** csv begins with a byte order mark, by which Excel knows UTF-8 */
  bom: z.boolean().default(false),
  /** csv: a ' before cells that a spreadsheet would run as a formula, and no control characters but line breaks and tabs */
  safe: z.boolean().default(false),
  /** parquet: a folder with a file for each day (UTC) of the expected start, instead of one file */
  by_day: z.boolean().default(false),
  compression: z.enum(['zstd', 'snappy']).default('zstd'),
  /** of logs: only the lines that this filter shows of each run's; null: all */
  lines: logFilterSchema.nullable().default(null),
});
export type ExportOptions = z.infer<typeof exportOptionsSchema>;
/** As it is asked: what is left out has its default. */
export type ExportAsked = z.input<typeof exportOptionsSchema>;

/** True: the export makes a folder of this name, not a file. */
export const makesFolder = ({ what, by_day, format }: Pick<ExportOptions, 'what' | 'by_day' | 'format'>): boolean =>
  what === 'artifacts' || (format === 'parquet' && by_day);

/** TOO_MANY_ROWS when the format cannot hold so many runs; null: it can. The window and the core ask before the first byte. */
export const tooManyRows = ({ format }: Pick<ExportOptions, 'format'>, rows: number): AppError | null =>
  format === 'xlsx' && rows > MOST_XLSX_ROWS
    ? new AppError('TOO_MANY_ROWS', `${rows} rows do not fit into a sheet`, { rows, most: MOST_XLSX_ROWS })
    : null;

/** The delimiter of spreadsheets in this locale: where the comma is the decimal sign, cells are divided by semicolons. */
export const delimiterOf = (locale: string): Delimiter =>
  new Intl.NumberFormat(locale).format(1.5).includes(',') ? ';' : ',';

/** The columns of an export when the person chose none, in their order. Ids stand beside names, because names are not unique. */
export const defaultExportColumns: readonly string[] = [
  'id',
  'name',
  'task_key',
  'state_type',
  'state_name',
  'expected_start_time',
  'start_time',
  'end_time',
  'total_run_time',
  'run_count',
  'tags',
  'flow_run_id',
  'flow_run.name',
  'flow_run.flow_id',
  'flow_run.flow.name',
  'flow_run.deployment_id',
  'flow_run.deployment.name',
  'created',
  'updated',
];

/** Columns that are no fields: their title by path. The first two are computed, the others stand in the rows' JSON. */
export const moreColumns: Readonly<Record<string, string>> = {
  /** of the state's message; where that has none, of the last error among the kept logs */
  traceback: 'Traceback',
  /** kept log lines of level ERROR and above; null: no logs are kept of the run */
  error_lines: 'Error lines in kept logs',
  'state.message': 'State message',
  task_inputs: 'Inputs',
  labels: 'Labels',
  'flow_run.parameters': 'Flow run parameters',
  'flow_run.state.message': 'Flow run state message',
  'flow_run.labels': 'Flow run labels',
};

export type ExportColumn = {
  path: string;
  title: string;
  /** of a field; `count`: whole numbers; `json`: any value of a row's JSON */
  kind: FieldInfo['kind'] | 'count' | 'json';
};

/** Relations that a path into JSON may begin with, the longest first, and the entity whose row they lead to. */
export const jsonRoots: readonly [prefix: string, entity: Entity][] = [
  ['flow_run.flow.', 'flow'],
  ['flow_run.deployment.', 'deployment'],
  ['flow_run.', 'flow_run'],
  ['', 'task_run'],
];

/** Where a path that names no field leads: into whose JSON, and the keys there, joined by dots. */
export function jsonPlace(path: string): { entity: Entity; keys: string } {
  const [prefix, entity] = jsonRoots.find(([start]) => path.startsWith(start)) as (typeof jsonRoots)[number];
  return { entity, keys: path.slice(prefix.length) };
}

/**
 * A field (`flow_run.flow.name`), one of `moreColumns`, or any path into a row's JSON (`task_inputs.x`, `flow_run.parameters.day`,
 * `labels.prefect.flow.id`). Whether a JSON path leads anywhere is known from the rows only.
 */
export function exportColumn(path: string): ExportColumn {
  const field = resolveField('task_run', path);
  if (field) {
    const info = (fields[field.entity] as Record<string, FieldInfo>)[field.field];
    return { path, title: info.column?.title ?? info.title, kind: info.stored === 'int' ? 'count' : info.kind };
  }
  const kind = path === 'error_lines' ? 'count' : path === 'traceback' ? 'text' : 'json';
  return { path, title: Object.hasOwn(moreColumns, path) ? moreColumns[path] : path, kind };
}

/** What stands in the header, in order. Titles that two columns share are told apart by the path: `State (state_type)`. */
export function headsOf(columns: readonly ExportColumn[], header: 'key' | 'title'): string[] {
  if (header === 'key') return columns.map(({ path }) => path);
  const titles = columns.map(({ title }) => title);
  return columns.map(({ path, title }) =>
    titles.indexOf(title) === titles.lastIndexOf(title) ? title : `${title} (${path})`,
  );
}

const counts = { rows: z.number(), bytes: z.number() };
/** `rows`: runs, log lines or artifacts so far. `total`: of all; null while it is not known (log lines, artifacts). */
export const exportItemSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), ...counts, total: z.number().nullable() }),
  /** `cut`: cells of a sheet whose text was longer than the 32,767 characters it holds */
  z.object({ kind: z.literal('done'), ...counts, cut: z.number().default(0) }),
]);
export type ExportItem = z.infer<typeof exportItemSchema>;
