/**
 * What each attempt of a run failed with. Prefect 2 keeps it as the message of the state AwaitingRetry; Prefect 3 leaves that message out and
 * writes a line to the log instead: "Task run failed with exception: ValueError('…') - Retry 1/3 will start …".
 */
import { errorWords } from '../../../src-main/contract/error-words.ts';
import { AppError } from '../../../src-main/contract/errors.ts';
import { failureStateTypes } from '../../../src-main/contract/fields.ts';
import type { LogLine, RunActivity, StateHistory } from '../../../src-main/contract/run.ts';
import { oneLine } from '../../visible-text.ts';
import { headline, parseTraceback } from '../text/traceback.ts';

const FAILED_LINE = /^Task run failed with (?:exception|state): (.*) - (?:Retry (\d+)\/|Retries are|No retries)/;
const ERROR = 40;
/** Characters of an error. */
const MOST = 200;

const own = (message: string) => message.replace(/^Task run encountered an exception:?\s+/i, '');
function short(text: string): string {
  const line = oneLine(text.trim().split('\n')[0] ?? '');
  return line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line;
}

/** By attempt, the first at 0; null: it did not fail, goes on, or nothing that is kept says with what. */
export function attemptErrors(history: StateHistory, lines: readonly LogLine[]): (string | null)[] {
  const states = [...history].sort((a, b) => a.timestamp - b.timestamp);
  const begun = states.flatMap(({ type }, i) => (type === 'RUNNING' ? [i] : []));
  return begun.map((at, i) => {
    const [from, after, until] = [states[at], states[at + 1], states[begun[i + 1] ?? Infinity]];
    if (!from || !after || !(failureStateTypes.includes(after.type) || /retry/i.test(after.name))) return null;
    if (after.message) return short(own(after.message)) || null;
    // by its number: the line is written after the state was made, so its time may lie in the next attempt
    const numbered = lines.findLast(({ message }) => FAILED_LINE.exec(message)?.[2] === String(i + 1));
    const said = lines.filter(
      ({ timestamp }) => timestamp >= from.timestamp && timestamp < (until?.timestamp ?? Infinity),
    );
    const line =
      numbered ??
      said.findLast(({ message }) => FAILED_LINE.exec(message)?.[2] === undefined && FAILED_LINE.test(message));
    if (line) return short(FAILED_LINE.exec(line.message)?.[1] ?? '') || null;
    const bad = said.findLast(({ level, message }) => level >= ERROR && !FAILED_LINE.test(message));
    const raised = bad && parseTraceback(bad.message)?.failures.at(-1);
    return (raised ? short(headline(raised)) : bad ? short(bad.message) : '') || null;
  });
}

/** Attempts one after the other that failed alike are one line: "attempts 1 to 3: ValueError: …". */
export function errorLines(errors: readonly (string | null)[]): string[] {
  const list: { first: number; last: number; error: string }[] = [];
  errors.forEach((error, i) => {
    const before = list.at(-1);
    if (error === null) return;
    if (before?.error === error && before.last === i) before.last = i + 1;
    else list.push({ first: i + 1, last: i + 1, error });
  });
  return list.map(({ first, last, error }) =>
    first === last ? `attempt ${first}: ${error}` : `attempts ${first} to ${last}: ${error}`,
  );
}

/** `errorLines` of what is kept of a run, or why there are none. `read`: why it could not be read. */
export function keptErrorLines(read: Pick<RunActivity, 'history' | 'logs'> | AppError): string[] {
  if (read instanceof AppError) return [`what its attempts failed with could not be read: ${errorWords(read).title}`];
  const errors = attemptErrors(read.history, read.logs);
  const lines = errorLines(errors);
  // each attempt but the last has failed
  return lines.length === 0 && errors.length > 1 ? ['what its attempts failed with is not kept'] : lines;
}
