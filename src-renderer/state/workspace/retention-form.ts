/** The form for what an archive keeps, and what saving it would delete, in words. */
import type { FetchRule, Keeping, Retention } from '../../../src-main/contract/sync.ts';

/** Numbers are kept as typed, so that a half-typed number is not changed under the person's hands. */
export type RetentionForm = {
  gone: Keeping['gone'];
  byAge: boolean;
  days: string;
  bySize: boolean;
  gigabytes: string;
};
export type RetentionProblems = { days?: string; gigabytes?: string };

/** Powers of 1,000, as every size in the window. */
const GIGABYTE = 1e9;
/** Proposed when a limit is switched on: three months, and what a million runs take. */
const usual = { days: '90', gigabytes: '2' };

export function retentionForm(keeping: Keeping): RetentionForm {
  return {
    gone: keeping.gone,
    byAge: keeping.max_days !== null,
    days: keeping.max_days === null ? usual.days : String(keeping.max_days),
    bySize: keeping.max_bytes !== null,
    gigabytes: keeping.max_bytes === null ? usual.gigabytes : String(keeping.max_bytes / GIGABYTE),
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
export function formRetention(form: RetentionForm): Keeping | null {
  if (Object.keys(retentionProblems(form)).length > 0) return null;
  return {
    gone: form.gone,
    max_days: form.byAge ? Number(form.days) : null,
    max_bytes: form.bySize ? Math.round(Number(form.gigabytes) * GIGABYTE) : null,
  };
}

export function sameRetention(a: Keeping, b: Keeping): boolean {
  return a.gone === b.gone && a.max_days === b.max_days && a.max_bytes === b.max_bytes;
}

export function sameRule(a: FetchRule, b: FetchRule): boolean {
  return a.days === b.days && [...a.states].sort().join() === [...b.states].sort().join();
}

type Words = { count(n: number): string; day(micros: number): string; bytes(n: number): string };

const runs = (n: number, { count }: Words) => (n === 1 ? '1 run' : `${count(n)} runs`);
const flowRuns = (n: number, { count }: Words) => (n === 1 ? '1 flow run' : `${count(n)} flow runs`);

/** "12,431 runs that started before 3 Aug and 120 that the server no longer has"; null when nothing goes */
export function goingWords(retention: Retention, words: Words): string | null {
  const old = retention.task_runs - retention.gone;
  const parts: string[] = [];
  if (old > 0)
    parts.push(
      runs(old, words) + (retention.before === null ? '' : ` that started before ${words.day(retention.before)}`),
    );
  if (retention.gone > 0)
    parts.push(`${old > 0 ? words.count(retention.gone) : runs(retention.gone, words)} that the server no longer has`);
  if (retention.flow_runs > 0) parts.push(flowRuns(retention.flow_runs, words));
  if (parts.length === 0) return null;
  const last = parts.pop() ?? '';
  return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
}

/** "the last 90 days, at most 2 GB"; null when there is no bound */
export function boundWords({ max_days, max_bytes }: Keeping, { bytes }: Words): string | null {
  const parts = [
    ...(max_days === null ? [] : [max_days === 1 ? 'the last day' : `the last ${max_days} days`]),
    ...(max_bytes === null ? [] : [`at most ${bytes(max_bytes)}`]),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/** What the next hourly clean-up, which runs after a sync, deletes. */
export function nextToGoWords(retention: Retention, words: Words): string {
  const going = goingWords(retention, words);
  return going === null ? 'nothing here is beyond that' : `deleted within the hour: ${going}`;
}

export function previewWords(retention: Retention, words: Words): string {
  const going = goingWords(retention, words);
  if (going === null) return 'Nothing is deleted now.';
  const size = retention.bytes > 0 ? `, about ${words.bytes(retention.bytes)}` : '';
  return `Deletes ${going}${size}. This cannot be undone.`;
}

/** The label of the save button says what it deletes. */
export function saveWords(retention: Retention | null, words: Words): string {
  if (retention === null || retention.task_runs + retention.flow_runs === 0) return 'Save';
  if (retention.task_runs === 0) return `Delete ${flowRuns(retention.flow_runs, words)}`;
  return `Delete ${runs(retention.task_runs, words)}`;
}
