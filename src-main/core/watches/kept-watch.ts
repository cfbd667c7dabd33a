/**
 * What is remembered of one watch, so that no run is told twice: also after a restart, after the archive was made anew, and when a run is retried
 * and matches again. The ids of told runs are kept, at most MOST_TOLD of them. Of more, those with the latest `created` stay, and no run created
 * until the last one forgotten is told any more: `created` never changes, so a forgotten run cannot come back.
 */
import { z } from 'zod';
import { bounded } from '../../contract/bounded.ts';
import { MOST_MARKED } from '../../contract/watch.ts';

/** 4,000 ids are 180 kB of the file. */
export const MOST_TOLD = 4000;

/** µs; the years 1 to 9999 are within it */
const time = z.number().min(-1e18).max(1e18);
const howMany = z.number().int().min(0);

export const keptWatchSchema = z.object({
  /** the archive's file name, which stays when the workspace is renamed */
  file: z.string(),
  preset: z.string(),
  /** the preset's condition as JSON; with another one the watch begins anew. '': it has not begun */
  asked: z.string(),
  /** µs; what matched before is not told */
  since: time,
  /** µs; when it was last looked, so that what matches by the clock alone is found after a restart too */
  looked: time,
  /** µs; no run created until then is told. null: any is */
  floor: time.nullable(),
  /** id of a told run → when it was created, µs */
  told: bounded(z.record(z.string(), time), MOST_TOLD),
  /** told, and not looked at by the person */
  count: howMany,
  ids: z.array(z.string()).max(MOST_MARKED),
  /** counted, and in no notice so far, since it was found in quiet hours */
  owed: howMany,
});
export type KeptWatch = z.infer<typeof keptWatchSchema>;

/** Runs that came to match: at most MOST_TOLD `runs`, by `created` from the latest on. `cut`: how many more there were, and the latest `created` of these. */
export type Found = { runs: { id: string; created: number }[]; cut: { count: number; created: number } | null };

export const newWatch = (file: string, preset: string): KeptWatch => ({
  file,
  preset,
  asked: '',
  since: 0,
  looked: 0,
  floor: null,
  told: {},
  count: 0,
  ids: [],
  owed: 0,
});

/** The watch begins with this condition at `now`, µs; what was told before stays told. */
export const begun = (watch: KeptWatch, asked: string, now: number): KeptWatch => ({
  ...watch,
  asked,
  since: now,
  looked: now,
});

/** Takes in what was found at `now`, µs. `silently`: it matched when the watch began, by a server's clock that is ahead. */
export function taken(watch: KeptWatch, found: Found, now: number, silently = false): KeptWatch {
  const { floor } = watch;
  const news = found.runs.filter(
    ({ id, created }) => !Object.hasOwn(watch.told, id) && (floor === null || created > floor),
  );
  const more = found.cut?.count ?? 0;
  if (news.length + more === 0) return { ...watch, looked: now };
  const all = [...Object.entries(watch.told), ...news.map(({ id, created }): [string, number] => [id, created])];
  all.sort(([, a], [, b]) => b - a);
  const forgotten = all[MOST_TOLD]?.[1] ?? -Infinity;
  const until = Math.max(floor ?? -Infinity, forgotten, found.cut?.created ?? -Infinity);
  const next = {
    ...watch,
    looked: now,
    floor: until === -Infinity ? null : until,
    // those of the same microsecond as the last forgotten one are below the floor, too
    told: Object.fromEntries(all.slice(0, MOST_TOLD).filter(([, created]) => created > until)),
  };
  if (silently) return next;
  const count = news.length + more;
  return {
    ...next,
    count: watch.count + count,
    owed: watch.owed + count,
    ids: [...news.map(({ id }) => id), ...watch.ids].slice(0, MOST_MARKED),
  };
}

/** The person has looked. */
export const seen = (watch: KeptWatch): KeptWatch => ({ ...watch, count: 0, ids: [], owed: 0 });
