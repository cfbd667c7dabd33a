/** Rows of a mask over time, by state type. */
import { resolveField, type Entity } from '../contract/fields.ts';
import { AppError } from '../contract/errors.ts';
import type { Histogram, HistogramRequest, Instant } from '../contract/query.ts';
import type { Bits } from './bits.ts';
import type { TermColumn } from './columns.ts';
import type { Table } from './table.ts';

/**
 * Rows before `from` or after the last bucket are not counted. The step is a whole number of µs, so the last bucket may
 * reach past `to`. Throws BAD_INPUT when the field is not a time of the entity itself.
 */
export function histogram(table: Table, entity: Entity, request: HistogramRequest, mask: Bits, now: number): Histogram {
  const resolved = resolveField(entity, request.field);
  const column = resolved?.kind === 'time' && resolved.via.length === 0 ? table.field(resolved.field) : null;
  if (column?.kind !== 'number')
    throw new AppError('BAD_INPUT', `${request.field} is not a time of ${entity}`, { field: request.field });
  const at = (instant: Instant) => (typeof instant === 'number' ? instant : now - instant.ago);
  const range =
    request.from === undefined || request.to === undefined ? extent(column.values, mask) : { low: now, high: now };
  const from = request.from === undefined ? (range?.low ?? now) : at(request.from);
  const to = Math.max(from, request.to === undefined ? (range?.high ?? now) : at(request.to));
  let step = Math.max(1, Math.ceil((to - from + 1) / request.buckets));
  // beyond the year 2255 neighbouring times are up to 32 µs apart and the + 1 above can vanish
  if (from + step * request.buckets <= to) step += 32;
  const states = table.columns.get('state_type') as TermColumn | undefined;
  const names = states?.dictionary.texts ?? [''];
  const grid = new Uint32Array(request.buckets * names.length);
  const codes = states ? (states.codes as Uint16Array) : new Uint16Array(table.words * 32);
  const missing = fill(column.values, codes, mask, from, step, request.buckets, grid);
  const series = names.map((name, code) => ({
    state_type: code === 0 ? null : name,
    counts: Array.from(grid.subarray(code * request.buckets, (code + 1) * request.buckets)),
  }));
  return { field: request.field, from, step, series: series.filter((s) => s.counts.some((n) => n > 0)), missing };
}

function extent(values: Float64Array, mask: Bits): { low: number; high: number } | null {
  let low = Infinity;
  let high = -Infinity;
  for (let w = 0; w < mask.length; w++) {
    let word = mask[w];
    while (word !== 0) {
      const bit = word & -word;
      word ^= bit;
      const v = values[(w << 5) + 31 - Math.clz32(bit)];
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  return low <= high ? { low, high } : null;
}

/** grid[code × buckets + bucket]; returns how many rows have no value. */
function fill(
  values: Float64Array,
  codes: Uint16Array,
  mask: Bits,
  from: number,
  step: number,
  buckets: number,
  grid: Uint32Array,
): number {
  let missing = 0;
  const end = from + step * buckets;
  for (let w = 0; w < mask.length; w++) {
    let word = mask[w];
    while (word !== 0) {
      const bit = word & -word;
      word ^= bit;
      const r = (w << 5) + 31 - Math.clz32(bit);
      const v = values[r];
      if (v >= from && v < end) grid[codes[r] * buckets + Math.floor((v - from) / step)]++;
      else if (v !== v) missing++;
    }
  }
  return missing;
}
