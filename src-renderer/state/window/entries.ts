/** What of the window's changes is a new entry of the history: what a person would want to go back from. */
import type { Place } from '../../../src-main/contract/place.ts';
import { writeText } from '../filters/conditions.ts';

/** `joined`: it goes on with the entry before, as the next letter of a word does. */
export type Step = { kind: 'none' | 'same' | 'new'; joined: boolean };

const text = (one: unknown) => JSON.stringify(one);
const withoutText = (place: Place) =>
  text({ ...place, query: { ...place.query, where: writeText(place.query.where, '') } });

/**
 * `stepped`: the run was reached by next or previous. `joined`: of the last step: a search is one entry, however many letters it has, as
 * it is one step of the undo. Other columns, and the next run, change the entry they happen in.
 */
export function stepOf(last: Place, next: Place, stepped: boolean, joined: boolean): Step {
  if (text(last) === text(next)) return { kind: 'none', joined };
  const same = {
    ...last,
    columns: next.columns,
    frozen: next.frozen,
    ...(stepped && next.run !== null && { run: next.run }),
  };
  if (text(same) === text(next)) return { kind: 'same', joined: false };
  if (withoutText(last) === withoutText(next)) return { kind: joined ? 'same' : 'new', joined: true };
  return { kind: 'new', joined: false };
}
