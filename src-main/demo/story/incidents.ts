/** Incidents: while one lasts, the tasks it reaches fail with one error, which shows in the histogram. Times in µs. */
import { failuresOf, type Cause } from './failures.ts';
import { Random } from './random.ts';

export type Incident = { from: number; to: number; failure: number; cause: Cause; chance: number };

const HOUR = 3600e6;
const DAY = 24 * HOUR;
const causes: readonly Cause[] = ['warehouse', 'api', 'memory', 'schema', 'disk', 'network'];

/**
 * About fifteen incidents in the 30 days before `epoch`, sorted by time. One of them is always in the last 24 hours, in the night, and
 * brings a failure that no run had before.
 */
export function tellIncidents(seed: number, epoch: number): Incident[] {
  const random = new Random(seed ^ 0x1ac1de);
  const tell = (from: number, hours: number, cause: Cause): Incident => ({
    from,
    to: from + hours * HOUR,
    failure: random.pick(failuresOf([cause])),
    cause,
    chance: 0.75 + 0.24 * random.next(),
  });
  const midnight = Math.floor(epoch / DAY) * DAY;
  const hour = (epoch - midnight) / HOUR;
  const [from, hours] = hour < 1.5 ? [-22.5, 3.5] : hour < 5 ? [-2, 7] : [1.5, 3.5];
  const [failure] = failuresOf(['upgrade']);
  const told = [
    { ...tell(midnight + from * HOUR, hours, 'warehouse'), failure },
    tell(midnight - 3 * DAY + 9 * HOUR, 7, 'schema'),
  ];
  for (let day = 1.2; day < 34; day += 0.9 + 2.2 * random.next())
    told.push(tell(epoch - day * DAY - 9 * HOUR * random.next(), 1 + 6 * random.next(), random.pick(causes)));
  return told.sort((a, b) => a.from - b.from);
}

/** The first incident that reaches one of these causes at this time; null for none. */
export function incidentAt(
  incidents: readonly Incident[],
  causesOfTask: readonly Cause[],
  at: number,
): Incident | null {
  for (const incident of incidents)
    if (at >= incident.from && at < incident.to && causesOfTask.includes(incident.cause)) return incident;
  return null;
}
