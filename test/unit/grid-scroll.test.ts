import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  extentOf,
  moveTo,
  rested,
  scrolled,
  settled,
  SPACER_MAX,
  mostVisible,
  topMax,
  topOf,
  topShowing,
  visibleRows,
  type Extent,
  type ScrollState,
} from '../../src-renderer/ui/grid/grid-scroll.ts';
import '../fixtures/ci-seed.ts';

const ROW = 26;
const VIEW = 702;

/** A scroller as a browser has it: clamps, rounds to `dpr`, and says where it is after every move. */
class Scroller {
  readonly extent: Extent;
  readonly dpr: number;
  state: ScrollState = { scroll: 0, offset: 0 };
  at = 0;

  constructor(rows: number, dpr = 1) {
    this.extent = extentOf(rows, ROW, VIEW);
    this.dpr = dpr;
  }

  get top(): number {
    return topOf(this.state, this.extent);
  }

  private put(value: number): void {
    const max = this.extent.spacer - this.extent.view;
    this.at = Math.round(Math.min(Math.max(value, 0), max) * this.dpr) / this.dpr;
  }

  private take(moved: { state: ScrollState; set: number | null }): void {
    this.state = moved.state;
    if (moved.set === null) return;
    this.put(moved.set);
    this.state = settled(this.state, this.at);
  }

  by(delta: number): void {
    this.put(this.at + delta);
    this.take(scrolled(this.state, this.at, this.extent, false));
  }

  drag(to: number): void {
    this.put(to);
    this.take(scrolled(this.state, this.at, this.extent, true));
  }

  jump(top: number): void {
    this.take(moveTo(top, this.extent));
  }

  rest(): void {
    this.take(rested(this.state, this.extent));
  }
}

/** Wheels until the list no longer moves; the longest step seen. */
function wheelToEnd(list: Scroller, delta: number, restEvery = Infinity): number {
  let longest = 0;
  for (let tick = 1; ; tick += 1) {
    const before = list.top;
    list.by(delta);
    longest = Math.max(longest, Math.abs(list.top - before));
    if (list.top === before) return longest;
    if (tick % restEvery === 0) list.rest();
  }
}

describe('scaled scroll', () => {
  it('is a plain list while it fits', () => {
    const list = new Scroller(1_000);
    list.by(100);
    assert.equal(list.top, 100);
    list.by(1e9);
    assert.equal(list.top, 1_000 * ROW - VIEW);
    assert.equal(list.extent.spacer, 26_000);
  });

  for (const rows of [1_000_000, 10_000_000]) {
    for (const dpr of [1, 1.25, 2]) {
      it(`reaches both ends of ${rows} rows by wheel, at most 100 px a tick (dpr ${dpr})`, () => {
        const list = new Scroller(rows, dpr);
        assert.equal(list.extent.spacer, SPACER_MAX);
        list.jump(topMax(list.extent) - 400_000);
        assert.ok(wheelToEnd(list, 100) <= 101); // 100 px and one of rounding
        assert.ok(Math.abs(list.top - topMax(list.extent)) < 1);
        list.jump(400_000);
        assert.ok(wheelToEnd(list, -100) <= 101);
        assert.equal(list.top, 0);
        assert.equal(list.at, 0);
      });
    }

    it(`wheels ${rows} rows the same when it rests on the way`, () => {
      const list = new Scroller(rows);
      list.jump(300_000);
      assert.ok(wheelToEnd(list, -100, 7) <= 100);
      assert.equal(list.top, 0);
      list.jump(topMax(list.extent) - 300_000);
      assert.ok(wheelToEnd(list, 100, 7) <= 100);
      assert.equal(list.top, topMax(list.extent));
    });

    it(`wheels through the middle of ${rows} rows without running out of room`, () => {
      const list = new Scroller(rows);
      list.jump(topMax(list.extent) * 0.02);
      let longest = 0;
      for (let tick = 0; tick < 5_000; tick += 1) {
        const before = list.top;
        list.by(-100);
        longest = Math.max(longest, before - list.top);
        assert.ok(list.top < before || list.top === 0);
      }
      assert.ok(longest <= 100);
    });

    it(`a held thumb spans all of ${rows} rows`, () => {
      const list = new Scroller(rows);
      list.drag(SPACER_MAX);
      assert.equal(list.top, topMax(list.extent));
      list.drag((SPACER_MAX - VIEW) / 2);
      assert.ok(Math.abs(list.top / topMax(list.extent) - 0.5) < 0.001);
      list.drag(0);
      assert.equal(list.top, 0);
    });
  }

  it('correcting the thumb moves nothing on screen', () => {
    const list = new Scroller(10_000_000, 1.5);
    list.jump(130_000_000);
    for (let tick = 0; tick < 300; tick += 1) list.by(120);
    const before = list.top;
    list.rest();
    assert.ok(Math.abs(list.top - before) <= 1);
  });

  it('goes where it is told and stays within the list, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('by' as const), to: fc.integer({ min: -4_000, max: 4_000 }) }),
      fc.record({ kind: fc.constant('drag' as const), to: fc.integer({ min: 0, max: SPACER_MAX }) }),
      fc.record({ kind: fc.constant('jump' as const), to: fc.integer({ min: 0, max: 260_000_000 }) }),
      fc.record({ kind: fc.constant('rest' as const), to: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.array(step, { maxLength: 60 }), (rows, steps) => {
        const list = new Scroller(rows);
        for (const { kind, to } of steps) {
          const before = list.top;
          if (kind === 'by') list.by(to);
          else if (kind === 'drag') list.drag(to);
          else if (kind === 'jump') list.jump(to);
          else list.rest();
          assert.ok(list.top >= 0 && list.top <= topMax(list.extent));
          if (kind === 'by') assert.ok(Math.abs(list.top - before) <= Math.abs(to) + 1);
          if (kind === 'jump') assert.ok(Math.abs(list.top - Math.min(to, topMax(list.extent))) <= 1);
          if (kind === 'rest') assert.ok(Math.abs(list.top - before) <= 1);
          // where the page lays rows out stays within what a browser can hold
          assert.ok(list.state.scroll <= SPACER_MAX);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('shows a row with the least move', () => {
    assert.equal(topShowing(0, 500, VIEW, ROW), 0);
    assert.equal(topShowing(30, 0, VIEW, ROW), 31 * ROW - VIEW);
    assert.equal(topShowing(10, 0, VIEW, ROW), 0);
    assert.deepEqual(visibleRows(13, VIEW, ROW, 1_000), { from: 0, to: 28 });
    assert.deepEqual(visibleRows(0, VIEW, ROW, 3), { from: 0, to: 3 });
  });

  it('never sees more rows than there are lines for', () => {
    const place = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(place, fc.double({ min: ROW, max: 3000, noNaN: true }), (top, view) => {
        const { from, to } = visibleRows(top, view, ROW, 1_000_000);
        assert.ok(to - from <= mostVisible(view, ROW), `${to - from} rows`);
      }),
    );
  });
});
