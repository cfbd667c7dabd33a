/** A sync's state as a line of text. Formatting of numbers is given, so that this stays plain. */
import type { SyncStatus } from '../../src-main/contract/sync.ts';

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
  verify: 'Comparing with the server',
  activity: 'Logs of failed runs',
  done: 'Done',
};

export function syncWords(status: SyncStatus, count: Count, duration: Duration): { short: string } {
  if (status.phase === 'cancelling') return { short: 'Stopping…' };
  if (status.waiting) {
    const seconds = duration(status.waiting.seconds);
    return { short: status.waiting.reason === 'busy' ? `Server busy, ${seconds}` : `Trying again in ${seconds}` };
  }
  if (status.step === 'task_runs' && status.expected) {
    const percent = Math.min(100, Math.floor((100 * status.task_runs) / status.expected));
    const left = status.seconds_left === null ? '' : ` · ${duration(status.seconds_left)} left`;
    return { short: `${percent} %${left}` };
  }
  const received = status.received > 0 ? ` · ${count(status.received)}` : '';
  return { short: `${steps[status.step]}${received}` };
}
