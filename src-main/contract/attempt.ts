/** How long one attempt of a run took, so that a run that was retried can stand beside one that was not. */

/**
 * Seconds of one attempt; null: it has not run. `total`: total_run_time, the sum over all attempts, which leaves out the waits between them; a run
 * that was retried counts with the mean of its attempts.
 */
export function attemptSeconds(total: number | null, attempts: number | null): number | null {
  return total !== null && total > 0 ? total / (attempts !== null && attempts > 1 ? attempts : 1) : null;
}
