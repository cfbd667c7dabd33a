/** The question of `query`, `export` and `case`: `--preset NAME` or `--body FILE|-`. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { AppError } from '../../../contract/errors.ts';
import { localPreset, lookupIn } from '../../../contract/preset-names.ts';
import type { Query } from '../../../contract/query.ts';
import type { App } from '../../../core/app.ts';
import { queryOfBody } from '../../../core/prefect-body.ts';
import { say, UsageError } from '../../terminal.ts';

export const questionOptions = { preset: { type: 'string' }, body: { type: 'string' } } as const;

/** A body is Prefect's JSON, not parsed here; a preset is the app's own query. */
export type Question = { body: string } | { query: Query; columns: string[] | null };

/** Without either option the body is empty: every task run. */
export async function questionOf(
  app: App,
  workspace: string,
  values: { preset?: string; body?: string },
): Promise<Question> {
  if (values.preset !== undefined && values.body !== undefined)
    throw new UsageError('--preset and --body are two ways to ask: give one');
  if (values.preset !== undefined) return preset(app, workspace, values.preset);
  return { body: values.body === undefined ? '{}' : await readBody(values.body) };
}

async function preset(app: App, workspace: string, name: string): Promise<Question> {
  const presets = app.presets.list();
  const found = presets.find((one) => one.name === name) ?? presets.find((one) => sameName(one.name, name));
  if (found) {
    const { signal } = new AbortController();
    const local = await localPreset(
      found,
      lookupIn(workspace, {
        'query.counts': async (input) => app.handlers['query.counts'](input, { signal }),
        'query.ask': async (input) => app.handlers['query.ask'](input, { signal }),
      }),
    );
    for (const { field, id } of local?.absent ?? [])
      say(`taskscope: the preset names "${found.names[id] ?? id}" (${field}), which this archive does not have.`);
    return { query: local?.query ?? found.query, columns: found.columns?.length ? found.columns : null };
  }
  const names = presets.map((one) => `"${one.name}"`).join(', ');
  throw new AppError('NOT_FOUND', `there is no preset named "${name}"; there are ${names}`, {
    preset: name,
    advice: 'Presets are saved in the window; --body asks without one.',
  });
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

async function readBody(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (thrown) {
    const advice = '--body names a file with the JSON of a request to Prefect; --body - is standard input.';
    throw new AppError('NOT_FOUND', `${path} cannot be read`, { path, advice }, thrown);
  }
}

/** The question without its page. Has the local API check a body first, so that a refusal is in Prefect's words. */
export async function wholeQuery(app: App, workspace: string, question: Question): Promise<Query> {
  if ('query' in question) return question.query;
  const reply = await paginate(app, workspace, question.body);
  if (reply.status !== 200) throw new AppError('BAD_INPUT', `the body was refused: ${reply.body}`);
  const { prefect } = await app.archives.describe(app.workspaces.get(workspace));
  return queryOfBody(question.body, prefect);
}

/** Asks the local API for POST /api/task_runs/paginate, without HTTP and token. */
export async function paginate(app: App, workspace: string, body: string): Promise<{ status: number; body: string }> {
  const reply = await app.api(workspace, {
    method: 'POST',
    path: '/api/task_runs/paginate',
    contentType: 'application/json',
    body,
  });
  return { status: reply.status, body: Buffer.from(reply.body).toString('utf8') };
}
