/** `taskscope query`: prints the reply of POST /task_runs/paginate from the archive, or the question as another program's. */
import type { App } from '../../../core/app.ts';
import type { Condition, Query } from '../../../contract/query.ts';
import { DONE, FAILED, print, say } from '../../terminal.ts';
import { inOneLine } from '../../../core/write-as/requests.ts';
import { checkDamage, common, choice, damageOptions, parse, withApp, workspaceOf, type Command } from './options.ts';
import { paginate, questionOf, questionOptions, wholeQuery } from './questions.ts';

const LIMIT = 200; // Prefect's own page
const never = new AbortController().signal;

export const query: Command = (args) => {
  const { values } = parse({
    args,
    options: { ...common, ...questionOptions, ...damageOptions, as: { type: 'string' } },
  });
  const as = values.as === undefined ? null : choice('as', values.as, ['curl', 'python', 'body', 'sql'] as const);
  return withApp(values, async (app) => {
    const workspace = await workspaceOf(app, values);
    await checkDamage(app, workspace, values);
    const question = await questionOf(app, workspace, values);
    if (as !== null) {
      const columns = ('query' in question && question.columns) || [];
      const query = await wholeQuery(app, workspace, question);
      const input = { workspace, query, columns, as };
      const { text, lost, order_lost } = await app.handlers['query.writeAs'](input, { signal: never });
      const who = as === 'sql' ? 'SQL' : 'Prefect';
      for (const one of lost)
        say(`taskscope: ${who} cannot be asked this, so more runs come back: ${inOneLine(one as Condition)}`);
      if (order_lost) say(`taskscope: ${who} has no such order; this is the nearest`);
      await print(text);
      return DONE;
    }
    const reply =
      'body' in question
        ? await paginate(app, workspace, question.body)
        : await paginatePreset(app, workspace, question.query);
    await print(reply.body);
    if (reply.status === 200) return DONE;
    say(`taskscope: the archive answered ${reply.status}.`);
    return FAILED;
  });
};

/** A preset can ask more than a body can, so the index finds its first page and the rows are read by id. */
async function paginatePreset(app: App, workspace: string, asked: Query): Promise<{ status: number; body: string }> {
  const { count, rows } = await app.handlers['query.ask'](
    { workspace, query: asked, rows: { from: 0, to: LIMIT }, facets: [], histogram: null },
    { signal: never },
  );
  const ids = rows.id;
  const reply = await paginate(app, workspace, JSON.stringify({ task_runs: { id: { any_: ids } }, limit: LIMIT }));
  if (reply.status !== 200) return reply;
  const page = JSON.parse(reply.body) as { results: { id: string }[] };
  const byId = new Map(page.results.map((row) => [row.id, row]));
  const results = ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
  return { status: 200, body: JSON.stringify({ ...page, results, count, pages: Math.ceil(count / LIMIT) }) };
}
