/** Times of day as a field of type `time` has them. */

/** Minutes of the day as `07:05`. */
export const clockText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** null: no time of day */
export function minuteOf(text: string): number | null {
  const match = /^(\d\d):(\d\d)(?::\d\d)?$/.exec(text);
  const minute = match ? Number(match[1]) * 60 + Number(match[2]) : NaN;
  return minute < 1440 && Number(match?.[2]) < 60 ? minute : null;
}
