/** Arithmetic of the chart of durations: its scales, their marks, and the dot under the pointer. Times in µs, lengths in px. */

/** `low` and `high`: seconds at the foot and the top; the scale is logarithmic, as durations of one task differ by powers of ten. */
export type Scale = { from: number; to: number; low: number; high: number; width: number; height: number };

/** A range of at least a factor of two, so that a task of one duration stands in the middle. */
export function scaleOf(
  seconds: readonly number[],
  span: { from: number; to: number },
  size: { width: number; height: number },
): Scale {
  let [low, high] = [Infinity, 0];
  for (const one of seconds) {
    if (one < low) low = one;
    if (one > high) high = one;
  }
  if (high === 0) [low, high] = [0.1, 1];
  const room = Math.max(1.2, Math.sqrt(2 / Math.max(1, high / low)));
  return { ...span, ...size, low: low / room, high: high * room };
}

export const xOf = ({ from, to, width }: Scale, at: number): number => ((at - from) / Math.max(1, to - from)) * width;

/** px from the top, on a logarithmic scale. */
export function yOf({ low, high, height }: Scale, seconds: number): number {
  return height * (1 - Math.log(seconds / low) / Math.log(high / low));
}

/** Seconds that people count in. */
const STEPS = [
  ...[0.001, 0.01, 0.1].flatMap((unit) => [1, 2, 5].map((n) => n * unit)),
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18_000, 36_000, 86_400, 172_800, 604_800],
];

/** Marks on the scale, as many as have 24 px each. */
export function marksOf(scale: Scale): number[] {
  const inside = STEPS.filter((one) => one >= scale.low && one <= scale.high);
  const step = Math.max(1, Math.ceil((inside.length * 24) / scale.height));
  return inside.filter((_, i) => i % step === 0);
}

/** px around the pointer in which a dot is found. */
const REACH = 8;

/** The place of the nearest dot within REACH; null: none. */
export function dotAt(
  scale: Scale,
  dots: { at: readonly number[]; seconds: readonly number[] },
  x: number,
  y: number,
): number | null {
  let best: number | null = null;
  let least = REACH * REACH;
  for (let i = 0; i < dots.at.length; i++) {
    const dx = xOf(scale, dots.at[i] ?? 0) - x;
    if (dx > REACH || dx < -REACH) continue;
    const dy = yOf(scale, dots.seconds[i] ?? 0) - y;
    const away = dx * dx + dy * dy;
    if (away <= least) [best, least] = [i, away];
  }
  return best;
}
