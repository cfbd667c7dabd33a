/** What the system or a person starts the app with. */
import { parseArgs } from 'node:util';
import { CASE_ENDING } from '../../contract/case-file.ts';
import { LINK_SCHEME, placeInLink } from '../../contract/place.ts';

const options = { 'data-dir': { type: 'string' }, 'demo-runs': { type: 'string' }, case: { type: 'string' } } as const;

/**
 * `args`: without the program. `case`: the case file to open, which a double click hands over as a path alone; `place`: what a
 * `taskscope://` link names, which Windows and Linux hand over likewise; null: none. What else is
 * there is passed over: `electron . --data-dir X` begins with the app's folder, and Chromium's switches may stand anywhere.
 */
export function electronArguments(args: string[]): {
  dataDir: string | null;
  demoRuns: number | undefined;
  case: string | null;
  place: string | null;
} {
  const { values, positionals } = parseArgs({ args, options, strict: false, allowPositionals: true });
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const isLink = (one: string) => one.toLowerCase().startsWith(`${LINK_SCHEME}:`);
  const clicked = positionals.find((one) => !isLink(one) && one.toLowerCase().endsWith(CASE_ENDING));
  return {
    dataDir: text(values['data-dir']),
    demoRuns: Number(values['demo-runs']) || undefined,
    case: text(values.case) ?? clicked ?? null,
    place: positionals.reduce<string | null>((found, one) => found ?? placeInLink(one), null),
  };
}
