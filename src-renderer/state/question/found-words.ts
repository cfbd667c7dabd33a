/** What is said of where a search has found its words. */
import type { Found, FoundPlace } from '../../../src-main/contract/found-in.ts';
import { formatCount, plural } from '../../format.ts';

const names: Record<FoundPlace, string> = {
  message: 'in the message',
  traceback: 'in the traceback',
  parameters: 'in parameters',
  artifacts: 'in artifacts',
  states: 'in an earlier state',
  notes: 'in a note',
};

export const linesWords = ({ lines, all }: Pick<Found, 'lines' | 'all'>): string =>
  `${all ? plural(lines, 'line') : `${formatCount(lines)}+ lines`} in logs`;

export const placeWords = (place: FoundPlace): string => names[place];

/** In one row: `first` is the place to go to, `rest` the others. null: found in names only, which the row shows. */
export function foundWords(found: Found): { first: string; rest: string } | null {
  const all = [...(found.lines > 0 ? [linesWords(found)] : []), ...found.places.map(placeWords)];
  const [first, ...rest] = all;
  return first === undefined ? null : { first, rest: rest.join(', ') };
}
