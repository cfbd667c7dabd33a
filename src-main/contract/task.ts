/** One task over time. Durations are those of one attempt (attempt.ts), so that a run that was retried stands beside one that was not. */
import { z } from 'zod';

/** Most dots of one answer: more than a chart has room for. */
export const MOST_DOTS = 20_000;
/** Days of one answer, the newest that have begun. */
export const MOST_DAYS = 400;

const micros = z.number().nullable();
const seconds = z.number().nullable();
const numbers = z.array(z.number());
const perDay = z.array(z.number().nullable());

/**
 * The durations of completed runs changed, and when: at the beginning of one of the last 14 days with runs. Told when all of this holds for the runs
 * before and after it, within these days, of which up to 20,000 are looked at:
 * - 20 or more on each side,
 * - the medians differ by a fifth or more, and by a tenth of a second or more,
 * - the Mann-Whitney test gives |z| ≥ 4: of 100,000 tasks whose durations do not change, 6 would be told for one day, and 80 for any of 13.
 * Of several such days it is the one that parts them best.
 */
export const taskShiftSchema = z.object({ since: z.number(), before: z.number(), after: z.number() });
export type TaskShift = z.infer<typeof taskShiftSchema>;

export const taskSchema = z.object({
  runs: z.number(),
  /** failed or crashed */
  failed: z.number(),
  /** with more than one attempt */
  retried: z.number(),
  completed: z.number(),
  /** µs; the first and the last start */
  first: micros,
  last: micros,
  last_success: z.object({ id: z.string(), end_time: z.number() }).nullable(),
  /** by nearest rank, of completed runs */
  median: seconds,
  p95: seconds,
  /** from expected start to start, of all runs that have started */
  wait: z.object({ median: seconds, p95: seconds }),
  /** runs by their number of attempts, from 1 on; the last are those with as many or more */
  attempts: numbers,
  shift: taskShiftSchema.nullable(),
  /** by the day in which a run started; µs, one more than there are days */
  days: z.object({
    edges: numbers,
    runs: numbers,
    failed: numbers,
    retried: numbers,
    /** of completed runs; null: none */
    median: perDay,
    p95: perDay,
    /** the median of the waits */
    wait: perDay,
  }),
  /**
   * Runs that have run and ended: start (µs), seconds and state, each a place in `states`. `of`: how many there are; of the failed ones one in
   * `every_failed` is here, of the others one in `every`
   */
  dots: z.object({
    at: numbers,
    seconds: numbers,
    state: numbers,
    of: z.number(),
    every: z.number(),
    every_failed: z.number(),
  }),
  states: z.array(z.string()),
  /** most frequent first; `first` and `last` µs, by expected start; `id`: of the last */
  failures: z.array(z.object({ failure: z.string(), runs: z.number(), first: micros, last: micros, id: z.string() })),
  /** distinct, also those beyond the list */
  failure_count: z.number(),
  /** of one attempt, longest first */
  slowest: z.array(
    z.object({ id: z.string(), name: z.string(), state_type: z.string().nullable(), at: micros, seconds: z.number() }),
  ),
});
export type Task = z.infer<typeof taskSchema>;
