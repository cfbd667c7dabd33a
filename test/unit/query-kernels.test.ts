/** The passes over all rows against the plainest loop that says the same, and the memory they work in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as rowSet from '../../src-main/query/columns/row-set.ts';
import type { RowSet } from '../../src-main/query/columns/row-set.ts';
import { countBuckets, countCodes, extentOf, foldCodes } from '../../src-main/query/columns/counting.ts';
import { Arena } from '../../src-main/query/kernels/heap.ts';
import { KeptOrder } from '../../src-main/query/order/kept-order.ts';
import * as masks from '../../src-main/query/language/masks.ts';
import { ResultOrder } from '../../src-main/query/order/result-order.ts';
import { countStretches, rowsIn, placesIn } from '../../src-main/query/order/masked-scan.ts';
import '../fixtures/ci-seed.ts';

const arena = new Arena();
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
/** rows come in whole words, as a table's columns do */
const words = fc.integer({ min: 1, max: 6 });
const rowsOf = (mask: RowSet) => range(mask.length * 32).filter((r) => rowSet.has(mask, r));
const maskOf = (n: number, holds: (row: number) => boolean): RowSet => {
  const mask: RowSet = new Int32Array(n);
  for (const r of range(n * 32)) if (holds(r)) rowSet.add(mask, r);
  return mask;
};
const maskOfWords = (n: number) => fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: n, maxLength: n }).map((list) => Int32Array.from(list)); // prettier-ignore

/** A column in the kernels' memory for the length of one case. */
function held<T extends Uint16Array | Uint32Array | Float64Array, R>(column: T, use: (column: T) => R): R {
  const made = arena.array<T>(column.constructor as never, column.length);
  made.set(column);
  try {
    return use(made);
  } finally {
    arena.free(made);
  }
}

/** Codes of all rows below `values`, where few, many and more than 65,535 go different ways. */
const coded = words.chain((n) =>
  fc.constantFrom(1, 9, 16, 17, 300, 4096, 4097, 70_000).chain((values) =>
    fc.record({
      words: fc.constant(n),
      values: fc.constant(values),
      codes: fc.array(fc.nat(values - 1), { minLength: n * 32, maxLength: n * 32 }),
      mask: maskOfWords(n),
      salt: fc.nat(),
    }),
  ),
);
const columnsOf = (codes: number[], values: number) =>
  values > 65_536 ? [Uint32Array.from(codes)] : [Uint16Array.from(codes), Uint32Array.from(codes)];

test('a mask by code, not zero, counts: as one row after the other', () => {
  fc.assert(
    fc.property(coded, ({ words: n, values, codes, mask, salt }) => {
      const table = Uint8Array.from({ length: values }, (_, code) => ((code * 2_654_435_761 + salt) >>> 7) & 1);
      const counts = new Uint32Array(values);
      for (const r of rowsOf(mask)) counts[codes[r]]++;
      for (const plain of columnsOf(codes, values))
        held(plain, (column) => {
          assert.deepEqual(
            masks.byCode(column, table, n),
            maskOf(n, (r) => table[codes[r]] === 1),
          );
          assert.deepEqual(
            masks.notZero(column, n),
            maskOf(n, (r) => codes[r] !== 0),
          );
          assert.deepEqual(countCodes(column, mask, values), counts);
        });
    }),
  );
});

test('masks over references: gather, scatter and fold', () => {
  fc.assert(
    fc.property(coded, maskOfWords(3), ({ words: n, codes, mask }, target) => {
      const refs = codes.map((code) => code % 96);
      held(Uint32Array.from(refs), (column) => {
        assert.deepEqual(
          masks.byReference(column, target, n),
          maskOf(n, (r) => rowSet.has(target, refs[r])),
        );
        const hit = new Set(rowsOf(mask).map((r) => refs[r]));
        assert.deepEqual(
          masks.pointedAt(column, mask, 3),
          maskOf(3, (to) => to > 0 && hit.has(to)),
        );
        const counts = Uint32Array.from(refs, (_, r) => (r * 7) % 5);
        const folded = new Uint32Array(96);
        for (const r of range(n * 32)) if (r > 0) folded[rowSet.has(mask, r) ? refs[r] : 0] += counts[r];
        assert.deepEqual(foldCodes(column, mask, counts, 96), folded);
      });
    }),
  );
});

const number = fc.oneof(fc.constant(NaN), fc.integer({ min: -50, max: 50 }), fc.double({ noDefaultInfinity: true, min: -1e16, max: 1e16 })); // prettier-ignore
const numbers = words.chain((n) =>
  fc.record({
    words: fc.constant(n),
    a: fc.array(number, { minLength: n * 32, maxLength: n * 32 }),
    b: fc.array(number, { minLength: n * 32, maxLength: n * 32 }),
    mask: maskOfWords(n),
    from: fc.integer({ min: -60, max: 60 }),
    length: fc.integer({ min: 0, max: 90 }),
  }),
);

test('ranges, differences and missing values', () => {
  fc.assert(
    fc.property(numbers, ({ words: n, a, b, mask, from, length }) => {
      const to = from + length;
      held(Float64Array.from(a), (later) =>
        held(Float64Array.from(b), (earlier) => {
          assert.deepEqual(
            masks.byRange(later, from, to, n),
            maskOf(n, (r) => a[r] >= from && a[r] <= to),
          );
          assert.deepEqual(
            masks.notNaN(later, n),
            maskOf(n, (r) => !Number.isNaN(a[r])),
          );
          const difference = (r: number) => (a[r] - b[r]) / 3;
          assert.deepEqual(
            masks.byDifference(later, earlier, 3, from, to, n),
            maskOf(n, (r) => difference(r) >= from && difference(r) <= to),
          );
          const there = rowsOf(mask).map((r) => a[r]).filter((v) => !Number.isNaN(v)); // prettier-ignore
          const extent = there.length > 0 ? { low: Math.min(...there), high: Math.max(...there) } : null;
          assert.deepEqual(extentOf(later, mask), extent);
        }),
      );
    }),
  );
});

test('buckets by time and code', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 9 }), ({ a, mask, from }, step) => {
      const whole = a.map(Math.round);
      const codes = whole.map((_, r) => r % 3);
      const counts = new Uint32Array(7 * 3);
      const rows = rowsOf(mask);
      for (const r of rows) {
        const bucket = Math.floor((whole[r] - from) / step);
        if (bucket >= 0 && bucket < 7) counts[bucket * 3 + codes[r]]++;
      }
      const valued = rows.filter((r) => !Number.isNaN(whole[r])).length;
      held(Float64Array.from(whole), (values) =>
        held(Uint16Array.from(codes), (column) => {
          const grid = { buckets: 7, from, step };
          assert.deepEqual(countBuckets(values, column, 3, mask, grid), { counts, valued });
          const without = countBuckets(values, null, 1, mask, grid).counts;
          assert.deepEqual([...without], range(7).map((b) => counts[b * 3] + counts[b * 3 + 1] + counts[b * 3 + 2])); // prettier-ignore
        }),
      );
    }),
  );
});

test('names by head and suffix, and which pairs there are', () => {
  fc.assert(
    fc.property(coded, ({ words: n, codes }) => {
      const heads = codes.map((code) => code % 5);
      const suffixes = codes.map((code) => (code >>> 3) % 7);
      const offsets = Uint32Array.of(0, 7, 7, 14, 0);
      const table = Uint8Array.from({ length: 21 }, (_, i) => ((i * 5) % 3) & 1);
      held(Uint32Array.from(heads), (h) =>
        held(Uint16Array.from(suffixes), (s) => {
          const at = (r: number) => offsets[heads[r]] + suffixes[r];
          assert.deepEqual(
            masks.byName(h, s, offsets, table, n),
            maskOf(n, (r) => table[at(r)] === 1),
          );
          const used = new Set(range(n * 32).map(at));
          const inUse = masks.namesInUse(h, s, offsets, 21, n * 32);
          assert.deepEqual(Array.from(inUse, (mark) => mark !== 0), range(21).map((i) => used.has(i))); // prettier-ignore
        }),
      );
    }),
  );
});

const order = words.chain((n) =>
  fc.record({
    rows: fc.shuffledSubarray(range(n * 32)),
    mask: maskOfWords(n),
    codes: fc.array(fc.nat(3), { minLength: n * 32, maxLength: n * 32 }),
    cuts: fc.array(fc.nat(200), { minLength: 2, maxLength: 6 }),
  }),
);

test('walks along an order', () => {
  fc.assert(
    fc.property(order, fc.nat(200), ({ rows, mask, codes, cuts }, front) => {
      const kept = new KeptOrder(arena, Uint32Array.from(rows));
      const places = range(rows.length).filter((i) => rowSet.has(mask, rows[i]));
      assert.deepEqual([...placesIn(kept.rows, mask)], places);
      assert.deepEqual([...rowsIn(kept.rows, front, mask)], places.filter((i) => i < front).map((i) => rows[i])); // prettier-ignore
      const edges = cuts.map((cut) => cut % (rows.length + 1)).sort((a, b) => a - b);
      held(Uint16Array.from(codes), (column) => {
        const { counts, outside } = countStretches(kept.rows, [0, rows.length], mask, column, 4, edges);
        const expected = new Uint32Array((edges.length - 1) * 4);
        for (const i of places) {
          const stretch = range(edges.length - 1).find((s) => i >= edges[s] && i < edges[s + 1]);
          if (stretch !== undefined) expected[stretch * 4 + codes[rows[i]]]++;
        }
        assert.deepEqual(counts, expected);
        assert.equal(outside, places.length - expected.reduce((sum, count) => sum + count, 0));
      });
      kept.drop();
    }),
  );
});

test('a result that has not walked its order yet is that of its question, whatever becomes of the order', () => {
  fc.assert(
    fc.property(order, fc.nat(100), fc.boolean(), ({ rows, mask }, seen, dropped) => {
      const kept = new KeptOrder(arena, Uint32Array.from(rows));
      const expected = rows.filter((row) => rowSet.has(mask, row));
      const only = maskOf(mask.length, (row) => expected.includes(row));
      const result = new ResultOrder(only, expected.length, { kept: () => kept, compare: () => () => 0 }, 0);
      assert.deepEqual([...result.slice(0, seen)], expected.slice(0, seen));
      if (dropped) kept.drop();
      else kept.change(rows.length + 5000, (room) => room.fill(7));
      assert.deepEqual([...result.all()], expected);
      assert.deepEqual([...result.slice(seen, seen + 10)], expected.slice(seen, seen + 10));
      kept.drop();
    }),
  );
});

test('no two arrays share a byte, new ones are zeros, and what is given back is used again', () => {
  const step = fc.record({ kind: fc.constantFrom('take', 'free', 'grow', 'take'), size: fc.nat(5000), which: fc.nat() }); // prettier-ignore
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const own = new Arena();
      const arrays: { array: Uint32Array; mark: number }[] = [];
      steps.forEach(({ kind, size, which }, mark) => {
        const at = which % Math.max(1, arrays.length);
        const old = arrays[at];
        if (kind === 'take' || !old) {
          const array = own.array(Uint32Array, size);
          assert.ok(array.every((value) => value === 0));
          arrays.push({ array: array.fill(mark), mark });
        } else if (kind === 'free') {
          own.free(old.array);
          arrays.splice(at, 1);
        } else {
          const array = own.grown(old.array, old.array.length + size);
          assert.ok(array.subarray(old.array.length).every((value) => value === 0));
          arrays[at] = { array: array.fill(old.mark), mark: old.mark };
        }
        for (const { array, mark: own } of arrays) assert.ok(array.every((value) => value === own));
      });
      own.dispose();
      const again = new Arena();
      const first = again.array(Uint8Array, 64).byteOffset;
      again.dispose();
      assert.equal(new Arena().array(Uint8Array, 64).byteOffset, first);
    }),
  );
});
