/**
 * Runs left behind: task runs that are not finished and probably never will be, and what says so. The rules look at the moment of the question, so
 * they need neither the server nor another sync. The first that holds is the one that is told.
 *
 * A run in the state NotReady is none of them: Prefect ends a run so whose inputs failed.
 *
 * 1. The flow run is in a final state since GRACE or longer. The server has no rule that ends the task runs of a flow run, so that those whose process
 *    went away stay Running or Pending for ever.
 * 2. The run is RUNNING for more than SLOW_TIMES the p95 of its task, and for more than GRACE_SLOW longer than it. The p95 is by nearest rank, over
 *    one attempt each of the newest P95_OF completed runs of the task (by expected start), and only where there are at least P95_FROM.
 * 3. The run is SCHEDULED, and named Late, or due since GRACE or longer: by its next scheduled start, or else by its expected start.
 */
export const leftBehind = {
  ended: 'Flow run ended',
  slow: 'Far beyond its p95',
  late: 'Late',
} as const;

/** µs: five minutes, as events of an ended task run may arrive after those of its flow run. */
export const GRACE = 300_000_000;
export const SLOW_TIMES = 3;
/** Seconds: three times a p95 of milliseconds is nothing to tell. */
export const GRACE_SLOW = 60;
export const P95_FROM = 20;
export const P95_OF = 200;

const sentences: Record<string, string> = {
  [leftBehind.ended]: 'Its flow run has ended, and this run never did',
  [leftBehind.slow]: 'It runs for more than three times as long as 95 of 100 runs of its task',
  [leftBehind.late]: 'It should have begun, and has not',
};

/** What a value of the field says, in a sentence. */
export const leftBehindWords = (value: string): string => sentences[value] ?? value;
