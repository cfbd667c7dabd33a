/** Every row of an export comes once, in order, and rows of a megabyte come a few at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK, pieces } from '../../src-main/core/workers/export/pieces.ts';
import '../fixtures/ci-seed.ts';

test('pieces are the order, none has more rows than it may, and one of long rows is about a chunk', () => {
  const property = fc.property(
    fc.nat(5000),
    fc.constantFrom(1, 200, 1000),
    fc.constantFrom(1, 300, 5_000, 100_000, 3 * CHUNK),
    (count, most, bytes) => {
      const order = Uint32Array.from({ length: count }, (_, i) => i + 1);
      const last = { size: 0 };
      const seen: number[] = [];
      let first = true;
      for (const { rids, rows } of pieces(order, most, last)) {
        seen.push(...rids);
        assert.equal(rows, seen.length);
        assert.ok(rids.length <= most);
        if (!first)
          assert.ok(rids.length === 1 || rids.length * bytes <= CHUNK, `${rids.length} rows of ${bytes} bytes`);
        first = false;
        last.size = rids.length * bytes;
      }
      assert.deepEqual(seen, [...order]);
      // small rows come in full pieces
      if (bytes === 1 && count > 2 * most + 300) assert.ok([...pieces(order, most, { size: 0 })].some(({ rids }) => rids.length === most)); // prettier-ignore
    },
  );
  fc.assert(property);
});
