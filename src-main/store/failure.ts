/**
 * What runs that failed the same way have in common: the exception and the first line of its message, with all that differs from run
 * to run masked. Made once for each row, so that it can be listed, counted and filtered by like any other column.
 */
import { ansiFree } from '../contract/ansi.ts';
import { failureStateTypes } from '../contract/fields.ts';

/**
 * Version of the rule below; every change of the rule raises it. An archive keeps the version that made its column, and an older column
 * is made anew in the background (write/failure-refresh.ts).
 */
export const FAILURE_RULE = 3;

/** Prefect's own words before the exception: task_engine.py, flow_engine.py and states.py of 3.8.8, and of 2.20. */
const lead =
  /^(?:(?:Task|Flow) run encountered (?:an|unexpected) exception|Execution was interrupted by an unexpected exception)[: ]\s*/;
const traceback = 'Traceback (most recent call last)';

/** Characters of the message that are read, and of the result that are kept: several lines of the window's panel. */
const MOST_READ = 400;
const MOST_KEPT = 160;

/** At each place the first of these that matches. `kept` is not masked: a status or an exit code tells what failed. */
const varying = new RegExp(
  [
    /(?<kept>\b(?:HTTP|status|code|errno|signal)[ :=#]*-?\d+|\b[1-5]\d\d(?-i:(?= [A-Z])))/,
    /(?<url>\b[a-z][a-z\d+.-]*:\/\/[^\s'"<>)\]]+)/,
    /(?<time>(?<![\d-])\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\d-]))/,
    // a UUID, an address in memory, a hash; or a word in which letters stand between digits, as in no number with its unit
    /(?<id>\b[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\b|\b0x[\da-f]+\b|\b(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{8,}\b|\b(?=[\da-z-]{6})(?=[\da-z]*\d[a-z]+\d)\d[\da-z]*(?:-[\da-z]+)*\b)/,
    /(?<path>(?<![\w.:/\\])(?:~|\.{1,2}|[a-z]:)?(?:[\\/][\w.@+=-]+){2,}[\\/]?)/,
    /(?<n>(?<![a-z\d])-?\d+(?:[.,_]\d+)*(?:e[+-]?\d+\b)?)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gi',
);
const masks = ['url', 'id', 'time', 'path', 'n'] as const;

/**
 * Masked codes between the exception and its words, such as `<n> (<n>): <id>: `. They are left out: they took a third of a line of the
 * list and told nothing. Only a mask that ends with a colon is a code: `<n> rows are bad` stays.
 */
const codes = /^((?:[\w.]+: )?)(?:\(?<(?:n|id|time)>\)?(?:: | (?=\(?<)))*\(?<(?:n|id|time)>\)?: (?=\S)/;

/** `type`: a state's type. */
export const isFailure = (type: unknown): boolean => typeof type === 'string' && failureStateTypes.includes(type);

/** `type`, `message`: the state's, as Prefect sends them. null when the run has not failed or crashed, and when its message is empty. */
export function failureOf(type: unknown, message: unknown): string | null {
  if (!isFailure(type) || typeof message !== 'string') return null;
  const masked = essence(message)
    .replace(varying, (found, ...groups: unknown[]) => {
      const named = groups.at(-1) as Record<(typeof masks)[number] | 'kept', string | undefined>;
      const mask = masks.find((name) => named[name] !== undefined);
      return mask ? `<${mask}>` : found;
    })
    .replace(codes, '$1');
  if (masked === '') return null;
  return masked.length <= MOST_KEPT
    ? masked
    : `${masked
        .slice(0, MOST_KEPT - 1)
        .toWellFormed()
        .trimEnd()}…`;
}

/** The line that names the exception, without colours and Prefect's own words before it; of a traceback the last line. */
function essence(message: string): string {
  const told = ansiFree(message).trim().replace(lead, '');
  const lines = told.startsWith(traceback) ? told.slice(told.lastIndexOf('\n') + 1) : told;
  const [line] = lines.slice(0, MOST_READ).split('\n', 1);
  return line
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/[:\s]+$/, '');
}
