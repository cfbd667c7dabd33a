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

/** When spans begin and when they end, each sorted, µs. Infinity: it goes on. */
export type Moments = { from: Float64Array; to: Float64Array };

/** A span without length is 1 µs long: it was there. */
export function momentsOf(spans: Iterable<readonly [from: number, to: number]>): Moments {
  const [begins, ends]: [number[], number[]] = [[], []];
  for (const [from, to] of spans) {
    begins.push(from);
    ends.push(Math.max(to, from + 1));
  }
  return { from: new Float64Array(begins).sort(), to: new Float64Array(ends).sort() };
}

/**
 * How many spans are there at once: in each px of `width` the most of any moment in it, and the most of all time. One that begins when another
 * ends is not there at once with it, also in one px. `now`: µs; where spans that go on end.
 */
export function atOnce(
  { from, to }: Moments,
  sight: Sight,
  now: number,
  width: number,
): { counts: Int32Array; most: number } {
  const counts = new Int32Array(width);
  const scale = width / (sight.to - sight.from);
  let [most, count, place] = [0, 0, 0];
  /** up to the px before `end` there are as many as now */
  const fill = (end: number) => {
    const stop = Math.min(width, end);
    if (count > 0) for (let x = Math.max(0, place); x < stop; x++) counts[x] = Math.max(counts[x] ?? 0, count);
  };
  const open = Math.max(now, (from.at(-1) ?? 0) + 1);
  for (let i = 0, j = 0; j < to.length;) {
    const begin = from[i] ?? Infinity;
    const end = Math.min(to[j] ?? Infinity, open);
    if (begin < end) {
      const x = Math.floor((begin - sight.from) * scale);
      fill(x + 1);
      count += 1;
      i += 1;
      place = x;
      most = Math.max(most, count);
      if (x >= 0 && x < width) counts[x] = Math.max(counts[x] ?? 0, count);
    } else {
      const x = (end - sight.from) * scale;
      fill(Math.ceil(x));
      count -= 1;
      j += 1;
      place = Math.floor(x);
    }
  }
  return { counts, most };
}
