/**
 * What is wrong with a request body, in the shape of Prefect 3.8.8's 422 (FastAPI over pydantic 2): `loc` and `type` are the server's,
 * `msg` is ours. The server's reply also repeats the body; ours does not, because a body may be 8 MB.
 */
import type { z } from 'zod';

export type Problem = { type: string; loc: (string | number)[]; msg: string };

/** More problems than this help nobody; 1.5 million of them took 209 MB of reply. */
export const MOST_PROBLEMS = 100;

/** The kinds of pydantic that the leaves of contract/prefect/filter.ts refuse with. */
const words: Record<string, string> = {
  bool_parsing: 'not a text for true or false',
  bool_type: 'not a boolean',
  float_parsing: 'not the text of a number',
  float_type: 'not a number',
  int_from_float: 'a number with a fraction, not an integer',
  int_parsing: 'not the text of an integer',
  int_type: 'not an integer',
  missing: 'missing',
  string_too_long: 'longer than 200 characters',
  uuid_parsing: 'not the text of a UUID',
  uuid_type: 'not a UUID',
  value_error: 'not a time',
};
const kinds: Record<string, Omit<Problem, 'loc'>> = {
  string: { type: 'string_type', msg: 'not a string' },
  array: { type: 'list_type', msg: 'not a list' },
  object: { type: 'model_attributes_type', msg: 'not an object' },
};

/** The first problems that zod found in a body. */
export function problemsOf(issues: readonly z.core.$ZodIssue[]): Problem[] {
  const problems: Problem[] = [];
  for (const issue of issues) {
    problems.push(...problemsIn(issue));
    if (problems.length >= MOST_PROBLEMS) break;
  }
  return problems;
}

/** The body is no object: every key is missing from it. */
export const missing = (keys: readonly string[]): Problem[] =>
  keys.map((key) => ({ type: 'missing', loc: ['body', key], msg: 'missing: the body is not an object' }));

/** The text of a 422 reply. */
export function refusalText(problems: readonly Problem[]): string {
  return JSON.stringify({
    exception_message: 'Invalid request received.',
    exception_detail: problems.slice(0, MOST_PROBLEMS),
  });
}

function problemsIn(issue: z.core.$ZodIssue): Problem[] {
  const loc = ['body', ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys
        .slice(0, MOST_PROBLEMS)
        .map((key) => ({ type: 'extra_forbidden', loc: [...loc, key], msg: 'not a key of this filter' }));
    case 'invalid_value':
      return [{ type: 'enum', loc, msg: `not one of ${issue.values.join(', ')}` }];
    case 'too_small':
      return [{ type: 'greater_than_equal', loc, msg: `smaller than ${Number(issue.minimum)}` }];
    case 'invalid_type':
      // zod has no code of its own for a key that must be there
      if (issue.message.endsWith('received undefined')) return [{ type: 'missing', loc, msg: words.missing }];
      return [{ ...(kinds[issue.expected] ?? { type: 'value_error', msg: issue.message }), loc }];
    case 'custom': {
      const type = String(issue.params?.type);
      return [{ type, loc, msg: words[type] ?? type }];
    }
    default:
      return [{ type: 'value_error', loc, msg: issue.message }];
  }
}
