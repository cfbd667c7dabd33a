/** `taskscope export`: writes every row of a question to a file, a folder or standard output. */
import { extname, resolve } from 'node:path';
import { AppError, toAppError } from '../../../contract/errors.ts';
import {
  delimiters,
  exportKinds,
  exportOptionsSchema,
  fileEndings,
  formatsOf,
  makesFolder,
  type ExportOptions,
} from '../../../contract/export.ts';
import type { Query } from '../../../contract/query.ts';
import type { App } from '../../../core/app.ts';
import { DONE, print, Progress, say, untilStopped, UsageError } from '../../terminal.ts';
import {
  checkDamage,
  choice,
  common,
  damageOptions,
  namingForce,
  parse,
  savingTo,
  withApp,
  workspaceOf,
  type Command,
  type Values,
} from './options.ts';
import { questionOf, questionOptions, wholeQuery } from './questions.ts';

const options = {
  ...common,
  ...questionOptions,
  ...damageOptions,
  what: { type: 'string' },
  format: { type: 'string' },
  out: { type: 'string' },
  columns: { type: 'string' },
  header: { type: 'string' },
  times: { type: 'string' },
  tags: { type: 'string' },
  delimiter: { type: 'string' },
  bom: { type: 'boolean' },
  safe: { type: 'boolean' },
  'by-day': { type: 'boolean' },
  compression: { type: 'string' },
  force: { type: 'boolean' },
  quiet: { type: 'boolean' },
} as const;

const STDOUT = '-';
const TSV = '.tsv';
/** Endings that other programs give files of our formats. */
const otherEndings: Readonly<Record<string, ExportOptions['format']>> = {
  [TSV]: 'csv',
  '.ndjson': 'jsonl',
  '.txt': 'text',
};

export const exportFile: Command = (args) => {
  const { values } = parse({ args, options });
  const { out, force = false, quiet = false } = values;
  const asked = optionsOf(values);
  if (!out) throw new UsageError('--out names the file to write; --out - is standard output');
  if (out === STDOUT && makesFolder(asked)) throw new UsageError('a folder cannot be written to standard output');
  const path = out === STDOUT ? out : resolve(out);
  return withApp(
    values,
    async (app) => {
      const workspace = await workspaceOf(app, values);
      await checkDamage(app, workspace, values);
      const question = await questionOf(app, workspace, values);
      const query = await wholeQuery(app, workspace, question);
      // JSON is the server's own row unless columns were asked for
      const own = 'query' in question && !['json', 'jsonl'].includes(asked.format) ? question.columns : null;
      return write(app, { ...asked, workspace, query, columns: asked.columns ?? own, path, quiet });
    },
    savingTo(path, force),
  );
};

/** Throws UsageError. */
function optionsOf(values: Values<typeof options>): ExportOptions {
  const what = choice('what', values.what ?? 'runs', exportKinds);
  const ending = extname(values.out ?? '').toLowerCase();
  const usual = () => (values['by-day'] ? 'parquet' : formatOfEnding(ending, what));
  const format = choice('format', values.format ?? usual(), formatsOf[what]);
  const goesWith = (fits: boolean, kind: string, ...names: (keyof typeof values)[]) => {
    const given = names.find((name) => values[name] !== undefined);
    if (!fits && given !== undefined) throw new UsageError(`--${given} goes with ${kind}`);
  };
  goesWith(format === 'csv' || what === 'artifacts', 'CSV', 'delimiter', 'bom', 'safe');
  goesWith(format === 'parquet', 'Parquet', 'by-day', 'compression');
  goesWith(what === 'runs', '--what runs', 'columns');
  const columns = values.columns?.split(',').map((column) => column.trim()) ?? null;
  if (columns?.some((column) => column === '')) throw new UsageError('--columns takes names joined by commas');
  if (columns && new Set(columns).size < columns.length) throw new UsageError('--columns has a name twice');
  const times = choice('times', values.times ?? 'utc', ['utc', 'local'] as const);
  return exportOptionsSchema.parse({
    what,
    format,
    columns,
    header: choice('header', values.header ?? 'key', ['key', 'title'] as const),
    time_zone: times === 'utc' ? null : new Intl.DateTimeFormat().resolvedOptions().timeZone,
    tags: choice('tags', values.tags ?? 'json', ['json', 'joined'] as const),
    delimiter: delimiterOption(values.delimiter ?? (ending === TSV ? 'tab' : ',')),
    bom: values.bom,
    safe: values.safe,
    by_day: values['by-day'],
    compression: choice('compression', values.compression ?? 'zstd', ['zstd', 'snappy'] as const),
  });
}

/**
 * Without an ending, and for a folder, the usual format. Throws UsageError for an ending of no format: a misspelt `.xlxs` would be a CSV file
 * that no program opens.
 */
function formatOfEnding(ending: string, what: ExportOptions['what']): ExportOptions['format'] {
  const [usual] = formatsOf[what];
  if (ending === '' || makesFolder({ what, format: usual, by_day: false })) return usual;
  const fits = formatsOf[what].find((format) => fileEndings[format] === ending || otherEndings[ending] === format);
  if (fits === undefined)
    throw new UsageError(`${ending} says no format of ${what}: --format ${formatsOf[what].join('|')} does`);
  return fits;
}

/** A tab is hard to type. */
function delimiterOption(given: string): ExportOptions['delimiter'] {
  const found = given === 'tab' || given === '\\t' ? '\t' : delimiters.find((one) => one === given);
  if (found === undefined) throw new UsageError(`--delimiter takes a comma, a semicolon or the word tab, not ${given}`);
  return found;
}

type What = ExportOptions & { workspace: string; query: Query; path: string; quiet: boolean };

/** Logs and artifacts come with a run that is opened: a file with few lines of many runs would look whole. */
async function sayKept(app: App, { workspace, query }: What, signal: AbortSignal): Promise<void> {
  const kept = { ...query, where: { and: [query.where, { log: '' }] } };
  const [all, whole] = await app.handlers['query.counts']({ workspace, queries: [query, kept] }, { signal });
  if (whole < all)
    say(
      `taskscope: logs and artifacts are kept of ${whole} of ${all} runs: of those that were opened or fetched by rule.`,
    );
}

/** Prints path, rows and bytes as one JSON line, unless the rows themselves go to stdout. Ctrl+C leaves no file. */
async function write(app: App, asked: What): Promise<number> {
  const { path, quiet, ...what } = asked;
  const signal = untilStopped();
  const place = await app.handlers['export.choose']({ suggested: path, folder: makesFolder(what) }, { signal });
  if (!place) throw new AppError('INTERNAL', 'no place to save to');
  const progress = new Progress();
  try {
    for await (const item of app.handlers['export.run']({ ...what, result: null, save: place.save }, { signal })) {
      if (signal.aborted) throw new AppError('CANCELLED', 'stopped');
      if (item.kind === 'progress') {
        const of = item.total === null ? '' : ` of ${item.total}`;
        if (!quiet && process.stderr.isTTY) progress.show(`${item.rows}${of} rows`);
      } else if (path !== STDOUT && !quiet)
        await print(JSON.stringify({ path: item.path, rows: item.rows, bytes: item.bytes }));
      if (item.kind === 'done' && what.what !== 'runs' && !quiet) await sayKept(app, asked, signal);
      if (item.kind === 'done' && item.cut) say(`${item.cut} cells had more text than a sheet holds, and were cut.`);
    }
  } catch (thrown) {
    // whoever reads stdout has seen enough, as `head` does
    if (path === STDOUT && toAppError(thrown).details.reason === 'EPIPE') return DONE;
    throw namingForce(thrown);
  } finally {
    progress.end();
  }
  return DONE;
}
