/**
 * How far the clock of a zone is ahead of UTC. The machine's own zone comes from Date. For another zone Intl gives the offset once for each
 * hour that is asked for: 1.6 µs a cell of the list instead of 24, and without the 23 ms of Intl's first answer in the middle of the first list.
 */
import { MICROS_PER_SECOND } from './time.ts';

/** An IANA name; undefined is the machine's own. */
export type Zone = string | undefined;

const HOUR = 3600;
/** Hours kept for a zone; 10,000 are more than a year. */
const MOST = 10_000;

type Known = { offset: Intl.DateTimeFormat; hours: Map<number, number | null> };
const zones = new Map<string, Known>();

function knownOf(zone: string): Known {
  let known = zones.get(zone);
  if (!known) {
    const offset = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' });
    zones.set(zone, (known = { offset, hours: new Map() }));
  }
  return known;
}

/** `GMT`, `GMT+05:30`; zones had seconds long ago: `GMT-00:44:30` */
function asked(second: number, { offset }: Known): number {
  const name = offset.formatToParts(second * 1000).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name);
  if (!match) return 0;
  const ahead = Number(match[2]) * HOUR + Number(match[3]) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -ahead : ahead;
}

/** Not getTimezoneOffset: that has whole minutes. */
function aheadHere(second: number): number {
  const here = new Date(second * 1000);
  const [hours, minutes, seconds] = [here.getHours(), here.getMinutes(), here.getSeconds()];
  return Date.UTC(here.getFullYear(), here.getMonth(), here.getDate(), hours, minutes, seconds) / 1000 - second;
}

/** Seconds the zone's clock is ahead of UTC at a second since 1970. */
export function aheadOfUtc(second: number, zone: Zone): number {
  if (zone === 'UTC') return 0;
  if (zone === undefined) return aheadHere(second);
  const known = knownOf(zone);
  const hour = Math.floor(second / HOUR);
  let ahead = known.hours.get(hour);
  if (ahead === undefined) {
    const [first, last] = [asked(hour * HOUR, known), asked(hour * HOUR + HOUR - 1, known)];
    ahead = first === last ? first : null; // the clock is put on or back within this hour
    if (known.hours.size >= MOST) known.hours.clear();
    known.hours.set(hour, ahead);
  }
  return ahead ?? asked(second, known);
}

/** Edges in µs of the days or hours from `from` to after `until` µs; a day has 23 or 25 hours when the clock is put on or back. At most `most` of them. */
export function edgesOf(from: number, until: number, time: 'day' | 'hour', zone: Zone, most: number): number[] {
  const edges: number[] = [];
  let second = beginOf(Math.floor(from / MICROS_PER_SECOND), time, zone);
  while (edges.length <= most) {
    edges.push(second * MICROS_PER_SECOND);
    if (second * MICROS_PER_SECOND > until) break;
    // from the middle of the next one: its beginning is then found whatever the clock does
    second = beginOf(second + (time === 'day' ? 36 : 1.5) * HOUR, time, zone);
  }
  return edges;
}

/** The second in which the day or hour began that holds `second`. */
function beginOf(second: number, time: 'day' | 'hour', zone: Zone): number {
  const length = time === 'day' ? 24 * HOUR : HOUR;
  const ahead = aheadOfUtc(second, zone);
  const local = Math.floor((second + ahead) / length) * length;
  const begin = local - ahead;
  const moved = aheadOfUtc(begin, zone) - ahead;
  return time === 'day' && moved !== 0 ? begin - moved : begin;
}

export const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** Whole minutes the zone's clock is ahead of UTC at a time in µs. */
export function offsetMinutes(micros: number, zone: Zone): number {
  return Math.trunc(aheadOfUtc(Math.floor(micros / MICROS_PER_SECOND), zone) / 60);
}

/** `+00:00`, `-03:30`; with seconds only where there are some */
export function offsetWords(ahead: number): string {
  const rest = Math.abs(ahead);
  const seconds = rest % 60;
  const words = `${ahead < 0 ? '-' : '+'}${two(Math.floor(rest / HOUR))}:${two(Math.floor(rest / 60) % 60)}`;
  return seconds === 0 ? words : `${words}:${two(seconds)}`;
}
