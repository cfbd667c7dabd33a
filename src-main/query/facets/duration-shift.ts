/** Whether the durations of a task have changed, and on which day. The rule is that of `taskShiftSchema`. */
import type { TaskShift } from '../../contract/task.ts';
import { MEDIAN, percentile } from '../percentile.ts';

const LEAST_RUNS = 20;
const LEAST_RATIO = 1.2;
const LEAST_SECONDS = 0.1;
const LEAST_Z = 4;

/** `day[i]`: of run i, whose duration is `seconds[i]`; `edges[d]`: when day d begins, in µs. null: no change is clear enough. */
export function findShift(
  seconds: ArrayLike<number>,
  day: ArrayLike<number>,
  edges: readonly number[],
): TaskShift | null {
  const ranked = rankSums(seconds, day, edges.length);
  const total = seconds.length;
  let best: { split: number; z: number } | null = null;
  let [before, rankSum] = [0, 0];
  for (let split = 1; split < edges.length; split++) {
    before += ranked.runs[split - 1];
    rankSum += ranked.sums[split - 1];
    const after = total - before;
    if (before < LEAST_RUNS || after < LEAST_RUNS) continue;
    const z = Math.abs(standardised(rankSum, before, after, ranked.ties));
    if (z >= LEAST_Z && (best === null || z > best.z)) best = { split, z };
  }
  if (best === null) return null;
  const { split } = best;
  const medianOf = (isOf: (d: number) => boolean): number => {
    const own = Float64Array.from(seconds).filter((_, i) => isOf(day[i]));
    return percentile(own, own.length, MEDIAN) ?? NaN;
  };
  const [was, is] = [medianOf((d) => d < split), medianOf((d) => d >= split)];
  const [low, high] = was < is ? [was, is] : [is, was];
  if (high < low * LEAST_RATIO || high - low < LEAST_SECONDS) return null;
  return { since: edges[split], before: was, after: is };
}

/** The sum of the ranks of each day's runs, equal values with the mean of their ranks; `ties`: Σ t³ − t over values that occur t times. */
function rankSums(
  seconds: ArrayLike<number>,
  day: ArrayLike<number>,
  days: number,
): { runs: Uint32Array; sums: Float64Array; ties: number } {
  const order = Array.from(seconds, (_, i) => i).sort((a, b) => seconds[a] - seconds[b]);
  const runs = new Uint32Array(days);
  const sums = new Float64Array(days);
  let ties = 0;
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && seconds[order[to]] === seconds[order[from]]) to++;
    const rank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) {
      runs[day[order[i]]] += 1;
      sums[day[order[i]]] += rank;
    }
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  return { runs, sums, ties };
}

/** z of the Mann-Whitney test, by its normal approximation with the correction for ties; 0 where all values are equal. */
function standardised(rankSum: number, before: number, after: number, ties: number): number {
  const all = before + after;
  const u = rankSum - (before * (before + 1)) / 2;
  const variance = ((before * after) / 12) * (all + 1 - ties / (all * (all - 1)));
  return variance <= 0 ? 0 : (u - (before * after) / 2) / Math.sqrt(variance);
}
