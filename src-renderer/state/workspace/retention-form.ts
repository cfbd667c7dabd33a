/** The form for what an archive keeps, and what saving it would delete, in words. */
import type { FetchRule, Retention, Removal } from '../../../src-main/contract/sync.ts';

/** Numbers are kept as typed, so that a half-typed number is not changed under the person's hands. */
export type RetentionForm = {
  gone: Retention['gone'];
  byAge: boolean;
  days: string;
  bySize: boolean;
  gigabytes: string;
};
type RetentionProblems = { days?: string; gigabytes?: string };

/** Powers of 1,000, as every size in the window. */
const GIGABYTE = 1e9;
/** Proposed when a limit is switched on: three months, and what a million runs take. */
const usual = { days: '90', gigabytes: '2' };

export function retentionForm(retention: Retention): RetentionForm {
  return {
    gone: retention.gone,
    byAge: retention.max_days !== null,
    days: retention.max_days === null ? usual.days : String(retention.max_days),
    bySize: retention.max_bytes !== null,
    gigabytes: retention.max_bytes === null ? usual.gigabytes : String(retention.max_bytes / GIGABYTE),
  };
}

export function retentionProblems(form: RetentionForm): RetentionProblems {
  const days = Number(form.days);
  const bytes = Math.round(Number(form.gigabytes) * GIGABYTE);
  return {
    ...(form.byAge && !(Number.isInteger(days) && days >= 1) ? { days: 'A whole number of days, 1 or more' } : {}),
    ...(form.bySize && !(Number.isSafeInteger(bytes) && bytes >= 1)
      ? { gigabytes: 'A number above 0, such as 0.5 or 2' }
      : {}),
  };
}

/** null while a number is invalid */
export function formRetention(form: RetentionForm): Retention | null {
  if (Object.keys(retentionProblems(form)).length > 0) return null;
  return {
    gone: form.gone,
    max_days: form.byAge ? Number(form.days) : null,
    max_bytes: form.bySize ? Math.round(Number(form.gigabytes) * GIGABYTE) : null,
  };
}

export function sameRetention(a: Retention, b: Retention): boolean {
  return a.gone === b.gone && a.max_days === b.max_days && a.max_bytes === b.max_bytes;
}

export function sameRule(a: FetchRule, b: FetchRule): boolean {
  return a.days === b.days && [...a.states].sort().join() === [...b.states].sort().join();
}

type Words = { count(n: number): string; day(micros: number): string; bytes(n: number): string };

const runs = (n: number, { count }: Words) => (n === 1 ? '1 run' : `${count(n)} runs`);
const flowRuns = (n: number, { count }: Words) => (n === 1 ? '1 flow run' : `${count(n)} flow runs`);

/** "12,431 runs that started before 3 Aug and 120 that the server no longer has"; null when nothing goes */
export function goingWords(removal: Removal, words: Words): string | null {
  const old = removal.task_runs - removal.gone;
  const parts: string[] = [];
  if (old > 0)
    parts.push(runs(old, words) + (removal.before === null ? '' : ` that started before ${words.day(removal.before)}`));
  if (removal.gone > 0)
    parts.push(`${old > 0 ? words.count(removal.gone) : runs(removal.gone, words)} that the server no longer has`);
  if (removal.flow_runs > 0) parts.push(flowRuns(removal.flow_runs, words));
  if (parts.length === 0) return null;
  const last = parts.pop() ?? '';
  return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
}

/** "the last 90 days, at most 2 GB"; null when there is no bound */
export function boundWords({ max_days, max_bytes }: Retention, { bytes }: Words): string | null {
  const parts = [
    ...(max_days === null ? [] : [max_days === 1 ? 'the last day' : `the last ${max_days} days`]),
    ...(max_bytes === null ? [] : [`at most ${bytes(max_bytes)}`]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/** What the next hourly clean-up, which runs after a sync, deletes. */
export function nextToGoWords(removal: Removal, words: Words): string {
  const going = goingWords(removal, words);
  return going === null ? 'nothing here is beyond that' : `deleted within the hour: ${going}`;
}

export function previewWords(removal: Removal, words: Words): string {
  const going = goingWords(removal, words);
  if (going === null) return 'Nothing is deleted now.';
  const size = removal.bytes > 0 ? `, about ${words.bytes(removal.bytes)}` : '';
  return `Deletes ${going}${size}. This cannot be undone.`;
}

/** The label of the save button says what it deletes. */
export function saveWords(removal: Removal | null, words: Words): string {
  if (removal === null || removal.task_runs + removal.flow_runs === 0) return 'Save';
  if (removal.task_runs === 0) return `Delete ${flowRuns(removal.flow_runs, words)}`;
  return `Delete ${runs(removal.task_runs, words)}`;
}
