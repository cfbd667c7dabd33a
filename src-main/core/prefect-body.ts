/** A body of POST /task_runs/paginate as the app's own question, for what goes beyond one page: exports. */
import { AppError } from '../contract/errors.ts';
import { bodySchemas } from '../contract/prefect/filter.ts';
import { prefectRules } from '../contract/prefect/versions.ts';
import type { Query } from '../contract/query.ts';
import { prefectCondition, prefectSort } from '../query/language/prefect.ts';

/** `page` and `limit` are left aside. `prefect`: the server's version, null where it is not known. Throws BAD_INPUT; the local API says in Prefect's words what is wrong with a body. */
export function queryOfBody(text: string, prefect: string | null): Query {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (thrown) {
    throw new AppError('BAD_INPUT', 'the body is not JSON', {}, thrown);
  }
  const rules = prefectRules(prefect);
  const parsed = bodySchemas(rules).task_run.paginate.safeParse(body);
  if (!parsed.success) throw new AppError('BAD_INPUT', 'the body is not one of POST /task_runs/paginate');
  const { sort, ...filters } = parsed.data;
  return { where: prefectCondition('task_run', filters, rules), sort: prefectSort('task_run', sort) };
}
