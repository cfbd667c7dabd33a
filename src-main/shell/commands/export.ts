/** `taskscope export`: writes every row of a question to a file. */
import { resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Query } from '../../contract/query.ts';
import type { App } from '../../core/app.ts';
import { queryOfBody } from '../../core/prefect-body.ts';
import { plainShell } from '../../core/shell.ts';
import { DONE, print, Progress, untilStopped, UsageError } from '../terminal.ts';
import { checkDamage, common, damageOptions, parse, withApp, workspaceOf, type Command } from './options.ts';
import { paginate, questionOf, questionOptions, type Question } from './questions.ts';

const options = {
  ...common,
  ...questionOptions,
  ...damageOptions,
  format: { type: 'string' },
  out: { type: 'string' },
  columns: { type: 'string' },
} as const;

export const exportFile: Command = (args) => {
  const { values } = parse({ args, options });
  if ((values.format ?? 'csv') !== 'csv') throw new UsageError(`--format ${values.format}: this version writes csv`);
  const { out } = values;
  if (!out) throw new UsageError('--out names the file to write');
  const columns = values.columns?.split(',').map((column) => column.trim()) ?? null;
  if (columns?.some((column) => column === '')) throw new UsageError('--columns takes names joined by commas');
  const shell = { ...plainShell, chooseSavePath: (path: string) => Promise.resolve({ path, download: null }) };
  return withApp(
    values,
    async (app) => {
      const workspace = await workspaceOf(app, values);
      const question = await questionOf(app, values);
      await checkDamage(app, workspace, values);
      const query = await wholeQuery(app, workspace, question);
      const own = 'query' in question ? question.columns : null;
      return write(app, { workspace, query, columns: columns ?? own, out: resolve(out) });
    },
    shell,
  );
};

type What = { workspace: string; query: Query; columns: string[] | null; out: string };

/** Prints path, rows and bytes as one JSON line. Ctrl+C leaves no file. */
async function write(app: App, { out, ...what }: What): Promise<number> {
  const signal = untilStopped();
  const place = await app.handlers['export.choose']({ suggested: out }, { signal });
  if (!place) throw new AppError('INTERNAL', 'no place to save to');
  const progress = new Progress();
  const items = app.handlers['export.run']({ ...what, save: place.save, spreadsheet: false }, { signal });
  try {
    for await (const item of items) {
      if (signal.aborted) throw new AppError('CANCELLED', 'stopped');
      if (item.kind === 'progress') progress.show(`${item.rows} of ${item.total} rows`);
      else await print(JSON.stringify({ path: item.path, rows: item.rows, bytes: item.bytes }));
    }
  } finally {
    progress.end();
  }
  return DONE;
}

/** Has the local API check the body first, so that a refusal is in Prefect's words. */
async function wholeQuery(app: App, workspace: string, question: Question): Promise<Query> {
  if ('query' in question) return question.query;
  const reply = await paginate(app, workspace, question.body);
  if (reply.status !== 200) throw new AppError('BAD_INPUT', `the body was refused: ${reply.body}`);
  const { prefect } = await app.archives.describe(app.workspaces.get(workspace));
  return queryOfBody(question.body, prefect);
}
