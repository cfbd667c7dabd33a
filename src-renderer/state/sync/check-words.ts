/** What checking the runs of one question with the server found, as a sentence whose parts may be links to runs. */
import type { Check } from '../../../src-main/contract/sync.ts';

type Count = (n: number) => string;
/** `ids`: the runs the words are about */
type CheckPart = { text: string; ids: string[] | null };
type CheckWords = {
  /** same: nothing differed; mended: it did and is now right; open: more may differ */
  tone: 'same' | 'mended' | 'open';
  parts: CheckPart[];
};

/** The contract lists at most so many ids of each kind. */
const LISTED = 200;

const plain = (text: string): CheckPart => ({ text, ids: null });
const runs = (n: number, count: Count) => (n === 1 ? '1 run' : `${count(n)} runs`);

function differing(check: Check, count: Count): CheckPart[] {
  const kinds: [string[], string, string][] = [
    [check.added, 'was missing here', 'were missing here'],
    [check.changed, 'was different', 'were different'],
    [check.gone, 'is gone from the server', 'are gone from the server'],
  ];
  return kinds
    .filter(([ids]) => ids.length > 0)
    .map(([ids, one, many]) => ({
      text: `${ids.length >= LISTED ? 'at least ' : ''}${count(ids.length)} ${ids.length === 1 ? one : many}`,
      ids,
    }));
}

/** a, b and c */
function listed(parts: CheckPart[]): CheckPart[] {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [plain(i === parts.length - 1 ? ' and ' : ', '), part]));
}

export function checkWords(check: Check, count: Count): CheckWords {
  const found = listed(differing(check, count));
  const here = runs(check.after, count);
  const uncertain = check.more;
  if (!check.exact) {
    const asked = `Prefect cannot ask this question, so the ${runs(check.before, count)} here ${
      check.before === 1 ? 'was' : 'were'
    } checked one by one`;
    if (found.length === 0)
      return {
        tone: uncertain ? 'open' : 'same',
        parts: [plain(`${asked}: ${uncertain ? 'no difference so far.' : 'nothing differs.'}`)],
      };
    return {
      tone: uncertain ? 'open' : 'mended',
      parts: [plain(`${asked}: `), ...found, plain(uncertain ? '.' : '. Now up to date.')],
    };
  }
  if (uncertain) {
    const counted = plain(`The server has ${runs(check.server ?? 0, count)}, ${count(check.after)} are here. `);
    const tail = plain(`${found.length > 0 ? '. ' : ''}More may differ: check everything to find it.`);
    return { tone: 'open', parts: [counted, ...found, tail] };
  }
  if (found.length === 0 && check.server !== check.after)
    return {
      tone: 'open',
      parts: [
        plain(`The server counted ${runs(check.server ?? 0, count)}, ${count(check.after)} are here: `),
        plain('runs are changing right now. Check again in a moment.'),
      ],
    };
  if (found.length === 0)
    return {
      tone: 'same',
      parts: [plain(check.after === 0 ? 'The server has no such run either.' : `The server has the same ${here}.`)],
    };
  return { tone: 'mended', parts: [...found, plain(`: now up to date, ${here}.`)] };
}
