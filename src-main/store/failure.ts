/**
 * What runs that failed the same way have in common: the exception and the first line of what it says, with all that differs from run
 * to run masked. Made here once for each row, so that it can be listed, counted and filtered by like any other column. A change of
 * the rules below needs a migration that makes the column anew (see migrations/0005-failure.ts).
 */

/** Prefect's own words before the exception: task_engine.py, flow_engine.py and states.py of 3.8.8, and of 2.20. */
const lead =
  /^(?:(?:Task|Flow) run encountered (?:an|unexpected) exception|Execution was interrupted by an unexpected exception)[: ]\s*/;
const traceback = 'Traceback (most recent call last)';

/** characters that are looked at, and that are kept: several lines of the panel */
const MOST_READ = 400;
const MOST_KEPT = 160;

/** In this order at each place. What `kept` matches stays: a status or an exit code is what failed, not how often. */
const varying = new RegExp(
  [
    /(?<kept>\b(?:HTTP|status|code|errno|signal)[ :=#]*-?\d+|\b[1-5]\d\d(?= [A-Z]))/,
    /(?<url>\b[a-z][a-z\d+.-]*:\/\/[^\s'"<>)\]]+)/,
    /(?<time>(?<![\d-])\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\d-]))/,
    // a UUID, an address in memory, a hash; and what no number or unit looks like: digits, letters and digits again
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
 * What stands between the exception and its words, all of it masked: `<n> (<n>): <id>: ` was a third of a line of the list and said nothing.
 * `<n> rows are bad` stays as it is: only what a colon ends is a code.
 */
const codes = /^((?:[\w.]+: )?)(?:\(?<(?:n|id|time)>\)?(?:: | (?=\(?<)))*\(?<(?:n|id|time)>\)?: (?=\S)/;

/** `type`: of a state. */
export const isFailure = (type: unknown): boolean => type === 'FAILED' || type === 'CRASHED';

/**
 * Null for what has not failed or crashed and for what says nothing. `type`: of the state; `message`: of the state, as Prefect has it.
 */
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

/** The line that says it, without Prefect's words before it. Of a traceback that is the last. */
function essence(message: string): string {
  const told = message.trim().replace(lead, '');
  const lines = told.startsWith(traceback) ? told.slice(told.lastIndexOf('\n') + 1) : told;
  const [line] = lines.slice(0, MOST_READ).split('\n', 1);
  return line
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/[:\s]+$/, '');
}
