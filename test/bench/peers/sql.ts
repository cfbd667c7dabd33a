/** The question as SQL, the same for both databases but for how a run's tags are kept. What stands for "the best hand-written SQL". */
import { END } from '../../fixtures/synthetic-source.ts';
import type { Criterion, Question } from './questions.ts';

export type Statement = { sql: string; values: (string | number)[] };
/** `tagged`: SQL for runs with the tag in `?`; `tagFacet`: FROM and column for counting tags of the runs of a WHERE */
export type Dialect = {
  tagged: string;
  /** SQL of the most frequent tags among runs satisfying `where` */
  tagFacet: (where: string) => string;
  /** integer division of µs by a step */
  divide: (column: string, by: number) => string;
};

export const PAGE = 200;
/** the narrow columns a list shows */
const shown =
  'id, name, task_key, state_type, state_name, flow_run, flow, deployment, expected_start_time, start_time, end_time, run_count, total_run_time';
const facetFields = ['state_type', 'state_name', 'flow', 'deployment', 'task_key'];

function where(criteria: readonly Criterion[], { tagged }: Dialect): Statement {
  const parts = criteria.map((one) => ('tag' in one ? { sql: tagged, values: [one.tag] } : one));
  return {
    sql: parts.length === 0 ? 'TRUE' : parts.map(({ sql }) => sql).join(' AND '),
    values: parts.flatMap(({ values }) => values),
  };
}

export function count(question: Question, dialect: Dialect): Statement {
  const { sql, values } = where(question.criteria, dialect);
  return { sql: `SELECT count(*) FROM task_run WHERE ${sql}`, values };
}

export function page(question: Question, dialect: Dialect): Statement {
  const { sql, values } = where(question.criteria, dialect);
  return {
    sql: `SELECT ${shown} FROM task_run WHERE ${sql} ORDER BY expected_start_time DESC, id DESC LIMIT ${PAGE}`,
    values,
  };
}

/** Six facets, each with its own filter lifted, and 90 buckets by state. */
export function rest(question: Question, dialect: Dialect): Statement[] {
  const lifted = (field: string) =>
    where(
      question.criteria.filter((one) => one.field !== field),
      dialect,
    );
  const facets = facetFields.map((field): Statement => {
    const { sql, values } = lifted(field);
    return {
      sql: `SELECT ${field}, count(*) AS n FROM task_run WHERE ${sql} GROUP BY 1 ORDER BY n DESC LIMIT 50`,
      values,
    };
  });
  const tags = lifted('tags');
  const all = where(question.criteria, dialect);
  const step = Math.ceil((90 * 86_400e6) / 90);
  return [
    ...facets,
    { sql: dialect.tagFacet(tags.sql), values: tags.values },
    {
      sql: `SELECT ${dialect.divide(`expected_start_time - ${END - 90 * step}`, step)} AS bucket, state_type, count(*) FROM task_run WHERE ${all.sql} GROUP BY 1, 2`,
      values: all.values,
    },
  ];
}
