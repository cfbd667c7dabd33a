/** What the archive holds, when that was last checked and how it is kept true: the footer's line and the sync view's sentence. */
import { MICROS_PER_SECOND } from '../../../src-main/contract/time.ts';
import { paceLabel } from '../workspace/pace.ts';
import { secondsBetween, type Skipped, type SyncStatus } from '../../../src-main/contract/sync.ts';
import { formatCount } from '../../format.ts';

type Words = { day(micros: number): string; ago(micros: number): string };
/** of seconds */
type Duration = (seconds: number) => string;

/** null until the first status is there */
export function coverageWords(
  status: SyncStatus | null,
  words: Words,
): { coverage: string; checked: string | null } | null {
  if (!status) return null;
  const coverage =
    status.complete_since !== null
      ? `Every run since ${words.day(status.complete_since)}${status.skipped.count > 0 ? ` but for what could not be read (${status.skipped.count})` : ''}`
      : status.phase === 'running'
        ? 'First sync under way'
        : status.resumable
          ? 'Not all runs are here yet'
          : status.last_success === null
            ? 'Never synced'
            : noRunsWords(status.skipped);
  const checked = status.checked === null ? null : `checked ${words.ago(status.checked)}`;
  return { coverage, checked };
}

/** After a sync that brought no run. Rows that could not be read may also be of other kinds; of many only the first are named. */
function noRunsWords({ count, rows }: Skipped): string {
  const runs = count > rows.length || rows.some(({ entity }) => entity === 'task_run');
  return runs ? `No run could be read (${formatCount(count)} left out)` : 'No runs here';
}

/** Seconds between two syncs as a phrase; 0 is "only when asked". */
function paceWords(every: number): string {
  return every > 0 ? paceLabel(every) : 'only when you ask';
}

/** `on` and `wait` and so on choose the dot; each has its own shape too. */
type LiveWords = { tone: 'on' | 'wait' | 'clock' | 'paused' | 'problem'; short: string; long: string };

export function liveWords(status: SyncStatus, every: number): LiveWords {
  const pace = paceWords(secondsBetween(status, every));
  if (status.paused)
    return { tone: 'paused', short: 'Paused.', long: 'paused: nothing is fetched by itself until you go on' };
  if (status.problem && status.phase !== 'running')
    return { tone: 'problem', short: 'The last sync failed.', long: 'not now: the last sync failed' };
  if (status.metered)
    return {
      tone: 'clock',
      short: `Metered connection: looks for changes ${pace}.`,
      long: `off on a metered connection; changes are looked for ${pace}`,
    };
  switch (status.live) {
    case 'on':
      return { tone: 'on', short: 'Listening for changes.', long: 'on: the server tells of changes as they happen' };
    case 'connecting':
      return { tone: 'wait', short: 'Connecting to the server’s events.', long: `connecting; until then ${pace}` };
    case 'unsupported':
      return {
        tone: 'clock',
        short: `Looks for changes ${pace}.`,
        long: `not offered by this server; changes are looked for ${pace}`,
      };
    case 'off':
      return { tone: 'clock', short: `Looks for changes ${pace}.`, long: `off; changes are looked for ${pace}` };
  }
}

/** "Every run since 3 Aug, checked 2 min ago. Checked with the server in full 9 h ago. Listening for changes." Begins as the footer's line. */
export function coverageSentence(status: SyncStatus, every: number, words: Words): string {
  const { coverage, checked } = coverageWords(status, words) ?? { coverage: '', checked: null };
  const inFull =
    status.verified_since !== null
      ? `Checked with the server in full ${words.ago(status.verified_since)}.`
      : status.complete_since !== null
        ? 'Not all of it has been checked with the server yet.'
        : '';
  // before anything is complete, how it is kept true is no news
  if (status.complete_since === null && status.phase === 'running') return `${coverage}.`;
  return [`${checked ? `${coverage}, ${checked}` : coverage}.`, inFull, liveWords(status, every).short]
    .filter((part) => part !== '')
    .join(' ');
}

/** When the next sync starts by itself. `every`: seconds between two, `now` in µs. */
export function nextWords(status: SyncStatus, every: number, now: number, duration: Duration): string {
  if (status.phase === 'running' || status.phase === 'cancelling') return 'now';
  if (status.paused) return 'when you go on';
  if (status.next === null) return every > 0 ? `within ${duration(secondsBetween(status, every))}` : 'when you ask';
  const seconds = (status.next - now) / MICROS_PER_SECOND;
  if (seconds < 1) return 'now';
  return `in ${duration(Math.ceil(seconds))}${reasonOfPause(status, every)}`;
}

/** Why the next sync is another time away than was chosen; '' when it is not. */
function reasonOfPause(status: SyncStatus, every: number): string {
  if (status.problem) return ', since the last one failed';
  const between = secondsBetween(status, every);
  return status.live === 'on' && between > every ? `: ${paceLabel(between)} while live changes are on` : '';
}
