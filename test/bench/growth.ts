/** How the engine's answers grow with the archive: the query bench at a tenth, one and five times a million, each in a process of its own. */
import { format, type Figure } from './figures.ts';
import { markdown } from './targets.ts';

const SIZES = [100_000, 1_000_000, 5_000_000];
/** Few: at five million a round of clicks takes seconds, and growth shows in the medians. */
const ROUNDS = 3;
const SHOWN = [
  'count + order + 200 rows p50',
  'count + order + 200 rows p95',
  'everything a click shows p50',
  'everything a click shows p95',
  '200 changed rows applied p95',
  'typed data per task run',
];

/** `measure`: the query bench at that many rows. */
export async function growthBench(measure: (rows: number, rounds: number) => Promise<Figure[]>): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const rows of SIZES) {
    const found = await measure(rows, ROUNDS);
    for (const name of SHOWN) {
      const one = found.find((figure) => figure.name === name);
      if (one) figures.push({ ...one, bench: benchOf(rows) });
    }
  }
  return figures;
}

const benchOf = (rows: number) => `growth, ${rows.toLocaleString('en-US')} task runs`;

/** A Markdown table, a column for each size; empty when growth was not measured. */
export function growthTable(figures: readonly Figure[]): string {
  const lines = SHOWN.flatMap((name) => {
    const found = SIZES.map((rows) => figures.find((one) => one.bench === benchOf(rows) && one.name === name));
    return found.every((one) => one !== undefined)
      ? [[name, ...found.map(({ value, unit }) => `${format(value)} ${unit}`)]]
      : [];
  });
  if (lines.length === 0) return '';
  return markdown([['task runs', ...SIZES.map((rows) => rows.toLocaleString('en-US'))], ...lines]);
}
