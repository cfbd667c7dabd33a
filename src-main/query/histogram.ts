/** Rows of a mask over time, by state type. */
import { resolveField, type Entity } from '../contract/fields.ts';
import { AppError } from '../contract/errors.ts';
import type { Histogram, HistogramRequest, Instant } from '../contract/query.ts';
import * as bits from './bits.ts';
import type { Bits } from './bits.ts';
import type { NumberColumn, TermColumn } from './columns.ts';
import type { Table } from './table.ts';
import { countStretches } from './walks.ts';

/** Above this share of rows, walking them in time order (no arithmetic) beats computing each one's bucket. */
const DENSE = 0.1;

type Order = { rows: Uint32Array; descending: boolean };
type Grid = { counts: Uint32Array; buckets: number; from: number; step: number };

/**
 * Rows before `from` or after the last bucket are not counted. The step is a whole number of µs, so the last bucket may
 * reach past `to`. `inOrder` gives all listed rows by the field. Throws BAD_INPUT when the field is not a time of
 * the entity itself.
 */
export function histogram(
  table: Table,
  entity: Entity,
  request: HistogramRequest,
  mask: Bits,
  count: number,
  now: number,
  inOrder: () => Order,
): Histogram {
  const resolved = resolveField(entity, request.field);
  const column = resolved?.kind === 'time' && resolved.via.length === 0 ? table.field(resolved.field) : null;
  if (column?.kind !== 'number')
    throw new AppError('BAD_INPUT', `${request.field} is not a time of ${entity}`, { field: request.field });
  const states = table.columns.get('state_type') as TermColumn | undefined;
  const dense = count > mask.length * 32 * DENSE && states?.codes instanceof Uint16Array;
  const order = dense ? valued(inOrder(), column) : null;
  const at = (instant: Instant) => (typeof instant === 'number' ? instant : now - instant.ago);
  const open = request.from === undefined || request.to === undefined;
  const extent = open ? (order ? extentOf(order, column, mask) : extentOfRows(column, mask)) : null;
  const from = request.from === undefined ? (extent?.low ?? now) : at(request.from);
  const to = Math.max(from, request.to === undefined ? (extent?.high ?? now) : at(request.to));
  let step = Math.max(1, Math.ceil((to - from + 1) / request.buckets));
  // beyond the year 2255 neighbouring times are up to 32 µs apart and the + 1 above can vanish
  if (from + step * request.buckets <= to) step += 32;
  const names = states?.dictionary.texts ?? [''];
  const codes = states?.codes ?? new Uint16Array(table.words * 32);
  const grid = { counts: new Uint32Array(request.buckets * names.length), buckets: request.buckets, from, step };
  let withTime = 0;
  if (order) withTime = fillInOrder(column, order, codes as Uint16Array, names.length, mask, grid);
  else if (column.values.length > 0) withTime = fillByRow(column.values, codes, mask, grid);
  const series = names.map((name, code) => ({
    state_type: code === 0 ? null : name,
    counts: Array.from({ length: request.buckets }, (_, b) => grid.counts[b * names.length + code]),
  }));
  const drawn = series.filter((s) => s.counts.some((n) => n > 0));
  return { field: request.field, from, step, series: drawn, missing: count - withTime };
}

type Extent = { low: number; high: number } | null;

/** The stretch of rows that have a time: those without lie together at one end. */
function valued({ rows, descending }: Order, column: NumberColumn): Order {
  const missing = (i: number) => Number.isNaN(column.get(rows[i]));
  const nullsFirst = rows.length > 0 && missing(0);
  const edge = firstAt(rows.length, (i) => missing(i) !== nullsFirst);
  return { rows: nullsFirst ? rows.subarray(edge) : rows.subarray(0, edge), descending };
}

/** Smallest i below n for which `reached` is true, n when there is none; it never turns false again. */
function firstAt(n: number, reached: (i: number) => boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function extentOf({ rows, descending }: Order, column: NumberColumn, mask: Bits): Extent {
  let first = 0;
  while (first < rows.length && !bits.has(mask, rows[first])) first++;
  let last = rows.length - 1;
  while (last >= first && !bits.has(mask, rows[last])) last--;
  if (last < first) return null;
  const [a, b] = [column.get(rows[first]), column.get(rows[last])];
  return descending ? { low: b, high: a } : { low: a, high: b };
}

function extentOfRows({ values }: NumberColumn, mask: Bits): Extent {
  let low = Infinity;
  let high = -Infinity;
  if (values.length === 0) return null;
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

/** counts[bucket × types + type]. Returns how many rows of the mask have a time at all. */
function fillInOrder(
  column: NumberColumn,
  { rows, descending }: Order,
  codes: Uint16Array,
  types: number,
  mask: Bits,
  { counts, buckets, from, step }: Grid,
): number {
  // where the times from `time` on begin, or end when they descend
  const edge = (time: number): number =>
    firstAt(rows.length, (i) => (descending ? column.get(rows[i]) < time : column.get(rows[i]) >= time));
  const edges = Array.from({ length: buckets + 1 }, (_, b) => edge(from + b * step));
  if (descending) edges.reverse();
  const found = countStretches(rows, mask, codes, types, edges);
  let inside = 0;
  for (let i = 0; i < buckets; i++) {
    const b = descending ? buckets - 1 - i : i;
    for (let type = 0; type < types; type++) inside += counts[b * types + type] = found.counts[i * types + type];
  }
  return inside + found.outside;
}

function fillByRow(
  values: Float64Array,
  codes: Uint16Array | Uint32Array,
  mask: Bits,
  { counts, buckets, from, step }: Grid,
): number {
  const types = counts.length / buckets;
  const end = from + step * buckets;
  let valued = 0;
  for (let w = 0; w < mask.length; w++) {
    let word = mask[w];
    while (word !== 0) {
      const bit = word & -word;
      word ^= bit;
      const r = (w << 5) + 31 - Math.clz32(bit);
      const v = values[r];
      if (v === v) valued++;
      // the quotient is below 500, so `| 0` is its floor; it is exact, both sides being whole numbers below 2^53
      if (v >= from && v < end) counts[(((v - from) / step) | 0) * types + codes[r]]++;
    }
  }
  return valued;
}
