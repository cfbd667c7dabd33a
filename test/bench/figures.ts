/** One measured number and how a set of them is shown. */
export type Figure = {
  bench: string;
  name: string;
  value: number;
  unit: string;
  /** held by budget.json */ ratio?: boolean;
};

/** Nearest-rank quantile; 0 for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** What a bench that is a program of its own says: a table to people, JSON to the runner. */
export function printed(figures: readonly Figure[]): void {
  process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(figures)}\n` : `${table(figures)}\n`);
}

export function table(figures: readonly Figure[]): string {
  const shown = figures.map(({ name, value, unit }) => [name, `${format(value)} ${unit}`] as const);
  const width = Math.max(...shown.map(([name]) => name.length));
  let last = '';
  return figures
    .map(({ bench }, i) => {
      const [name, value] = shown[i] as readonly [string, string];
      const head = bench === last ? '' : `\n${bench}\n`;
      last = bench;
      return `${head}  ${name.padEnd(width)}  ${value}`;
    })
    .join('\n');
}

export function format(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
