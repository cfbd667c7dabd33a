/** A sync's state as a line of text: short for the button, whole for the sync view. Formatting of numbers is given. */
import type { SyncStatus } from '../../../src-main/contract/sync.ts';

type Count = (n: number) => string;
/** of seconds */
type Duration = (seconds: number) => string;

const steps: Record<SyncStatus['step'], string> = {
  connect: 'Connecting',
  flows: 'Flows',
  deployments: 'Deployments',
  flow_runs: 'Flow runs',
  task_runs: 'Task runs',
  null_probe: 'Runs without a start',
  verify: 'Checking with the server',
  activity: 'Logs of failed runs',
  done: 'Done',
};

/** How many task runs there are to read, while they are being read; null: not known, or something else is read. */
function expectedRuns({ step, expected, task_runs }: SyncStatus): number | null {
  if ((step !== 'task_runs' && step !== 'verify') || !expected) return null;
  return Math.max(expected, task_runs); // runs may have been added since they were counted
}

export function syncWords(status: SyncStatus, count: Count, duration: Duration): { short: string } {
  if (status.phase === 'cancelling') return { short: 'Stopping…' };
  if (status.waiting) {
    const seconds = duration(status.waiting.seconds);
    return { short: status.waiting.reason === 'busy' ? `Server busy, ${seconds}` : `Trying again in ${seconds}` };
  }
  const all = expectedRuns(status);
  if (all !== null) {
    const percent = Math.floor((100 * status.task_runs) / all);
    const left = status.seconds_left === null ? '' : ` · ${duration(status.seconds_left)} left`;
    return { short: `${status.step === 'verify' ? 'Checking ' : ''}${percent} %${left}` };
  }
  const received = status.received > 0 ? ` · ${count(status.received)}` : '';
  return { short: `${steps[status.step]}${received}` };
}

/** "Task runs · 12,431 of 20,000 · 2,100 a second · 40 s left" */
export function progressWords(status: SyncStatus, count: Count, duration: Duration): string {
  if (status.phase === 'cancelling' || status.waiting) return syncWords(status, count, duration).short;
  const all = expectedRuns(status);
  const read =
    all !== null
      ? `${count(status.task_runs)} of ${count(all)}`
      : status.received > 0
        ? `${count(status.received)} read`
        : '';
  return [
    steps[status.step],
    read,
    status.rate >= 1 ? `${count(Math.round(status.rate))} a second` : '',
    status.seconds_left === null ? '' : `${duration(status.seconds_left)} left`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
