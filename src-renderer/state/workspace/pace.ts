/** The choices for how often a workspace looks for changes, in seconds; 0: only when asked. */
const usual = [10, 30, 60, 300];

/** The usual choices and the present one, ascending; 0 comes last. */
export function paces(present: number): number[] {
  const timed = new Set([...usual, present].filter((seconds) => seconds > 0));
  return [...[...timed].sort((a, b) => a - b), 0];
}

export function paceLabel(seconds: number): string {
  if (seconds === 0) return 'only when asked';
  if (seconds % 3600 === 0) return `every ${seconds / 3600} h`;
  return seconds % 60 === 0 ? `every ${seconds / 60} min` : `every ${seconds} s`;
}
