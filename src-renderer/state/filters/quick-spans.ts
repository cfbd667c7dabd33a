/** The spans offered for every time field, in µs back from now. */
export const HOUR = 3_600_000_000;

export const quickSpans = [
  { label: 'Last hour', micros: HOUR },
  { label: 'Last 24 hours', micros: 24 * HOUR },
  { label: 'Last 7 days', micros: 7 * 24 * HOUR },
  { label: 'Last 30 days', micros: 30 * 24 * HOUR },
] as const;

/**
 * The times the panel's main section can be about. The first is the one that presets and coverage speak of: every run has it, also one
 * that crashed before it started.
 */
export const mainTimes = [
  { field: 'expected_start_time', label: 'expected' },
  { field: 'start_time', label: 'started' },
  { field: 'end_time', label: 'ended' },
] as const;
export type MainTime = (typeof mainTimes)[number]['field'];
