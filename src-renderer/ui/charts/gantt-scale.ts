/** The part of a timeline that is in sight, and how zooming and panning change it. Times in µs, lengths in px. */

export type Sight = { from: number; to: number };

/** Least length in sight, µs: one millisecond. */
const LEAST = 1_000;
/** Free room at both ends of what is fitted. */
const MARGIN = 0.03;
/** What is in sight is never longer than this many times the whole. */
const MOST = 1.5;

/** The whole with a margin. */
export function fitted({ from, to }: Sight): Sight {
  const room = Math.max(to - from, LEAST) * MARGIN;
  return { from: from - room, to: Math.max(to, from + LEAST) + room };
}

/** By `factor`, over 1 to see less of more; the moment `at` stays where it is. */
export function zoomed(sight: Sight, factor: number, at: number, whole: Sight): Sight {
  const length = sight.to - sight.from;
  const most = Math.max(LEAST, (fitted(whole).to - fitted(whole).from) * MOST);
  const next = Math.min(most, Math.max(LEAST, length / factor));
  const share = length > 0 ? (at - sight.from) / length : 0.5;
  return within({ from: at - next * share, to: at + next * (1 - share) }, whole);
}

export function panned(sight: Sight, by: number, whole: Sight): Sight {
  return within({ from: sight.from + by, to: sight.to + by }, whole);
}

/** Moved so that a part of the whole stays in sight. */
function within({ from, to }: Sight, whole: Sight): Sight {
  const keep = Math.min((to - from) / 2, (fitted(whole).to - fitted(whole).from) / 2);
  const low = whole.from + keep - (to - from);
  const high = whole.to - keep;
  const by = Math.min(Math.max(from, low), Math.max(low, high)) - from;
  return { from: from + by, to: to + by };
}

const SECOND = 1e6;
const steps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((ms) => ms * 1000),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].map((s) => s * SECOND),
  ...[1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720].map((h) => h * 3600 * SECOND),
];

/** Moments at even distances from `start`, at least `least` px apart. */
export function ticksOf(sight: Sight, start: number, width: number, least: number): number[] {
  const length = sight.to - sight.from;
  if (!(length > 0) || width <= 0) return [];
  const wanted = (length * least) / width;
  const step = steps.find((one) => one >= wanted) ?? Math.ceil(wanted / (24 * 3600 * SECOND)) * 24 * 3600 * SECOND;
  const ticks: number[] = [];
  for (let at = start + Math.ceil((sight.from - start) / step) * step; at <= sight.to; at += step) ticks.push(at);
  return ticks;
}

/**
 * For each px how many of the spans are there, and how many of them have ended badly there. A span shorter than a px counts in one. `spans`:
 * from, to and whether it ended badly.
 */
export function densityOf(
  spans: Iterable<readonly [from: number, to: number, bad: boolean]>,
  sight: Sight,
  width: number,
): { counts: Int32Array; bad: Int32Array } {
  const counts = new Int32Array(width + 1);
  const bad = new Int32Array(width + 1);
  const scale = width / (sight.to - sight.from);
  for (const [from, to, ended] of spans) {
    if (to < sight.from || from > sight.to) continue;
    const first = Math.min(width - 1, Math.max(0, Math.floor((from - sight.from) * scale)));
    const last = Math.min(width - 1, Math.max(first, Math.ceil((to - sight.from) * scale) - 1));
    counts[first] += 1;
    counts[last + 1] -= 1;
    if (ended && to >= sight.from && to <= sight.to) bad[last] += 1;
  }
  for (let x = 1; x <= width; x++) counts[x] += counts[x - 1];
  return { counts: counts.subarray(0, width), bad: bad.subarray(0, width) };
}
