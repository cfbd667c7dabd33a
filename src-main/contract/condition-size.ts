/** How large a question may be, so that no single one holds the query thread for half a minute. Shared by the app's own questions and the local API. */
import { searchTerms } from './search-text.ts';

/** Levels of nesting. A person's filters need about 10. */
export const MAX_DEPTH = 400;
/** Items of all lists together: 200,000 ids are 7.8 MB, and the host takes messages of up to 8 MB. */
export const MAX_ITEMS = 200_000;
/** At a million runs one condition takes up to 8 ms. */
const MAX_CONDITIONS = 1000;
/** At a million runs one word takes up to 40 ms: it is looked for in a dozen places. */
const MAX_WORDS = 100;

export type SizeProblem = { message: string; advice: string };

const more = (most: number, what: string) => `The question has more than ${most.toLocaleString('en-US')} ${what}`;

/** Words of a search; 0 when it is none. */
function searched(condition: { text?: unknown; log?: unknown }): number {
  const text = condition.text ?? condition.log;
  return typeof text === 'string' ? searchTerms(text).length : 0;
}

const tooMany: SizeProblem = {
  message: more(MAX_CONDITIONS, 'conditions'),
  advice: 'Put the values of one field into one list, or ask in parts.',
};
/** Each condition has a list at most, so that more that wait are more conditions. Without it a list of 200,000 took 50 ms before it was refused. */
const MOST_OPEN = 2 * MAX_CONDITIONS;

/**
 * Why a list of more than MAX_CONDITIONS items cannot be read; null: it can. `name`: of the condition's member. Stops at the first item that
 * does not belong there: a schema that names what is wrong with each of 200,000 takes 6 s.
 */
function problemOf(name: string, items: readonly unknown[]): SizeProblem | null {
  if (name === 'and' || name === 'or') return tooMany;
  const kinds = name === 'in' ? ['string', 'number', 'boolean'] : ['string'];
  if (items.every((item) => kinds.includes(typeof item))) return null;
  const advice = `It has ${items.length.toLocaleString('en-US')}, and not all of them are of the kind ${kinds.join(' or ')}.`;
  return { message: 'A list of the question has values of the wrong kind', advice };
}

/** Why a condition tree is too large to be read; null: it is not. Needs no schema, and stops at the first bound that is passed. */
export function tooLarge(where: unknown): SizeProblem | null {
  let conditions = 0;
  let items = 0;
  let words = 0;
  const open: { value: unknown; depth: number }[] = [{ value: where, depth: 1 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth > MAX_DEPTH) return { message: more(MAX_DEPTH, 'levels of nesting'), advice: 'Nest it less deeply.' };
    if (Array.isArray(value)) {
      items += value.length;
      if (items > MAX_ITEMS)
        return { message: more(MAX_ITEMS, 'values in its lists'), advice: 'Ask for fewer values at once.' };
    } else if (++conditions > MAX_CONDITIONS) return tooMany;
    else if ((words += searched(value)) > MAX_WORDS)
      return {
        message: more(MAX_WORDS, 'words to search for'),
        advice: 'Search for fewer words, or put them in quotes to find them as one phrase.',
      };
    for (const [name, inner] of Array.isArray(value) ? (value as unknown[]).entries() : Object.entries(value)) {
      if (Array.isArray(inner) && inner.length > MAX_CONDITIONS && inner.length <= MAX_ITEMS) {
        const problem = problemOf(String(name), inner);
        if (problem) return problem;
      }
      if (typeof inner !== 'object' || inner === null) continue;
      if (open.length > MOST_OPEN) return tooMany;
      open.push({ value: inner, depth: depth + 1 });
    }
  }
  return null;
}
