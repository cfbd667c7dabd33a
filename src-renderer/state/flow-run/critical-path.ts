/**
 * The chain of runs that decided when the flow run was over: the run that ended last, before it the input of it that ended last, and so on.
 * It follows recorded inputs only, so it begins where a run was given no result.
 */
import { endOf, type TaskRun } from './model.ts';

/** Places, the first run first. [] when no run has a time. `now` in µs. */
export function criticalPath(runs: readonly TaskRun[], now: number): number[] {
  const end = (place: number) => (runs[place] && endOf(runs[place], now)) ?? -Infinity;
  const last = latest(
    runs.map(({ place }) => place),
    end,
  );
  const path: number[] = [];
  const seen = new Set<number>();
  for (let at = last; at !== null && !seen.has(at); at = latest(runs[at]?.upstream ?? [], end)) {
    seen.add(at);
    path.push(at);
  }
  return path.reverse();
}

/** The first of those that end last; null when none has a time. */
function latest(places: readonly number[], end: (place: number) => number): number | null {
  let found: number | null = null;
  for (const place of places)
    if (
      end(place) > -Infinity &&
      (found === null || end(place) > end(found) || (end(place) === end(found) && place < found))
    )
      found = place;
  return found;
}
