/** The histogram: rows of a mask by time and state type. */
import { resolveField, type Entity } from '../../contract/fields.ts';
import { AppError } from '../../contract/errors.ts';
import { instantAt, type Histogram, type HistogramRequest } from '../../contract/query.ts';
import * as rowSet from '../columns/row-set.ts';
import type { RowSet } from '../columns/row-set.ts';
import type { NumberColumn, TermColumn } from '../columns/columns.ts';
import { countBuckets, extentOf, type Grid } from '../columns/counting.ts';
import type { Table } from '../columns/table.ts';
import { countStretches } from '../order/masked-scan.ts';

/** Above this share of rows, scanning them in time order (without arithmetic) is faster than computing the bucket of each row. */
const DENSE = 0.1;

type Order = { rows: Uint32Array; descending: boolean };
/** `first`, `last`: the rows that have a time stand at places [first, last). */
type Valued = Order & { first: number; last: number };

/**
 * Rows before `from` or after the last bucket are not counted. The step is a whole number of µs, so the last bucket may
 * reach past `to`. `inOrder` gives all listed rows by the field. Throws BAD_INPUT when the field is not a time of
 * the entity itself.
 */
export function histogram(
  table: Table,
  entity: Entity,
  request: HistogramRequest,
  mask: RowSet,
  count: number,
  now: number,
  inOrder: () => Order,
): Histogram {
  const resolved = resolveField(entity, request.field);
  const column = resolved?.kind === 'time' && resolved.via.length === 0 ? table.field(resolved.field) : null;
  if (column?.kind !== 'number')
    throw new AppError('BAD_INPUT', `${request.field} is not a time of ${entity}`, { field: request.field });
  const states = table.columns.get('state_type') as TermColumn | undefined;
  const codes = states ? narrow(states) : null;
  const dense = codes !== null && count > mask.length * 32 * DENSE;
  const order = dense ? valued(inOrder(), column) : null;
  const open = request.from === undefined || request.to === undefined;
  const extent = open ? (order ? extentInOrder(order, column, mask) : extentOfRows(column, mask)) : null;
  const from = request.from === undefined ? (extent?.low ?? now) : instantAt(request.from, now);
  const to = Math.max(from, request.to === undefined ? (extent?.high ?? now) : instantAt(request.to, now));
  let step = Math.max(1, Math.ceil((to - from + 1) / request.buckets));
  // beyond the year 2255 neighbouring times are up to 32 µs apart and the + 1 above can vanish
  if (from + step * request.buckets <= to) step += 32;
  const names = states?.dictionary.texts ?? [''];
  const grid = { buckets: request.buckets, from, step };
  const { counts, valued: withTime } =
    order && codes
      ? countInOrder(column, order, codes, names.length, mask, grid)
      : column.values.length > 0
        ? countBuckets(column.values, codes, names.length, mask, grid)
        : { counts: new Uint32Array(request.buckets * names.length), valued: 0 };
  const series = names.map((name, code) => ({
    state_type: code === 0 ? null : name,
    counts: Array.from({ length: request.buckets }, (_, b) => counts[b * names.length + code]),
  }));
  const drawn = series.filter((s) => s.counts.some((n) => n > 0));
  return { field: request.field, from, step, series: drawn, missing: count - withTime };
}

/** The codes of state types. A server has some nine; more than 65,535 would need 32 bits each. */
function narrow({ codes }: TermColumn): Uint16Array {
  if (codes instanceof Uint32Array) throw new RangeError('more types of states than 65,535');
  return codes;
}

type Extent = { low: number; high: number } | null;

/** Rows without a time stand together at one end of the order. */
function valued({ rows, descending }: Order, column: NumberColumn): Valued {
  const missing = (i: number) => Number.isNaN(column.get(rows[i]));
  const nullsFirst = rows.length > 0 && missing(0);
  const edge = firstAt(0, rows.length, (i) => missing(i) !== nullsFirst);
  return { rows, descending, first: nullsFirst ? edge : 0, last: nullsFirst ? rows.length : edge };
}

/** The smallest i in [from, to) for which `reached` is true, `to` when there is none. `reached` must stay true from there on. */
function firstAt(from: number, to: number, reached: (i: number) => boolean): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function extentInOrder({ rows, first, last, descending }: Valued, column: NumberColumn, mask: RowSet): Extent {
  let low = first;
  while (low < last && !rowSet.has(mask, rows[low])) low++;
  let high = last - 1;
  while (high >= low && !rowSet.has(mask, rows[high])) high--;
  if (high < low) return null;
  const [a, b] = [column.get(rows[low]), column.get(rows[high])];
  return descending ? { low: b, high: a } : { low: a, high: b };
}

function extentOfRows({ values }: NumberColumn, mask: RowSet): Extent {
  return values.length === 0 ? null : extentOf(values, mask);
}

/** As `countBuckets`, by scanning the rows in the order of the column. */
function countInOrder(
  column: NumberColumn,
  { rows, first, last, descending }: Valued,
  codes: Uint16Array,
  types: number,
  mask: RowSet,
  { buckets, from, step }: Grid,
): { counts: Uint32Array; valued: number } {
  // the place where times from `time` on begin, or where they end when the order descends
  const edge = (time: number): number =>
    firstAt(first, last, (i) => (descending ? column.get(rows[i]) < time : column.get(rows[i]) >= time));
  const edges = Array.from({ length: buckets + 1 }, (_, b) => edge(from + b * step));
  if (descending) edges.reverse();
  const found = countStretches(rows, [first, last], mask, codes, types, edges);
  const counts = new Uint32Array(buckets * types);
  let inside = 0;
  for (let i = 0; i < buckets; i++) {
    const b = descending ? buckets - 1 - i : i;
    for (let type = 0; type < types; type++) inside += counts[b * types + type] = found.counts[i * types + type];
  }
  return { counts, valued: inside + found.outside };
}
