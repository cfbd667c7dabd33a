/** What is to be said of a run's logs when they are compared: that they are on their way, cannot be had, are none or not all. */
import { errorWords } from '../../../src-main/contract/error-words.ts';
import type { RunActivity } from '../../../src-main/contract/run.ts';
import { formatCount } from '../../format.ts';

/** Follows "Logs of run 1: ". `activity` null: it is being read. Answers null when all of its lines are here. */
export function logsNote(activity: RunActivity | null): string | null {
  if (!activity) return 'being read…';
  const { logs, gap, kept, count, fetched, missed } = activity;
  if (logs.length === 0) {
    // a copy that was kept without lines says that there were none
    const problem = missed.logs ?? (fetched === null ? activity.problem : null);
    return problem ? `not read. ${errorWords(problem).title}.` : 'no lines.';
  }
  const all = Math.max(kept, count ?? 0);
  if (all > logs.length) return `only ${formatCount(logs.length)} of ${formatCount(all)} lines are compared.`;
  return gap === null ? null : 'only a part of the lines is here.';
}
