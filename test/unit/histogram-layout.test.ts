import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Histogram } from '../../src-main/contract/query.ts';
import { parseTime } from '../../src-main/contract/time.ts';
import {
  axisTicks,
  barPaths,
  bucketTotals,
  stackedSeries,
  tableRows,
} from '../../src-renderer/ui/charts/histogram-layout.ts';
import { histogramSvg } from '../../src-renderer/ui/charts/histogram-svg.ts';

const at = (text: string) => parseTime(text) ?? assert.fail(text);
const labels = (from: string, to: string, width: number, zone: string) =>
  axisTicks(at(from), at(to), width, zone).map(({ label }) => label);

const data: Histogram = {
  field: 'start_time',
  from: 0,
  step: 10,
  series: [
    { state_type: 'COMPLETED', counts: [1_000_000, 0, 0] },
    { state_type: null, counts: [0, 0, 2] },
    { state_type: 'FAILED', counts: [1, 0, 0] },
  ],
  missing: 0,
};

describe('histogram', () => {
  it('stands by itself as a picture: heading, years, legend with counts, no names of the theme, valid XML', () => {
    const odd = { ...data, missing: 3, series: [...data.series, { state_type: '<&>', counts: [0, 7, 0] }] };
    const color = (css: string) => (css.startsWith('var(--') ? 'rgb(1, 2, 3)' : assert.fail(css));
    const svg = histogramSvg(odd, { label: 'Started', zone: 'UTC', color });
    for (const words of [
      '1,000,010 runs over time: Started',
      'Thu 1 Jan 1970 00:00',
      ', UTC',
      'Completed 1,000,000',
      'Failed 1',
      '&lt;&amp;&gt; 7',
      '3 more without this time',
      'highest bar: 1,000,001 runs',
    ])
      // prettier-ignore
      assert.ok(svg.includes(words), words);
    assert.equal(svg.match(/<path transform/g)?.length, 4);
    assert.doesNotMatch(svg, /var\(|[<&]>/);
  });

  it('stacks failures on the axis and draws even one of a million', () => {
    const series = stackedSeries(data);
    assert.deepEqual(
      series.map(({ state }) => state),
      ['FAILED', 'COMPLETED', null],
    );
    assert.deepEqual(bucketTotals(series, 3), [1_000_001, 0, 2]);
    const [failed = '', completed = ''] = barPaths(series, 3, 300, 56);
    assert.equal(failed, 'M0 56v-1.5h98v1.5z');
    assert.ok(completed.startsWith('M0 54.5v-54.5'), completed); // never above the plot
  });

  it('ticks at whole hours of the local clock and names a new day', () => {
    assert.deepEqual(labels('2026-11-22T17:10:00Z', '2026-11-23T14:10:00Z', 760, 'UTC'), [
      'Sun 18:00',
      '21:00',
      'Mon 00:00',
      '03:00',
      '06:00',
      '09:00',
      '12:00',
    ]);
    assert.equal(labels('2026-11-22T17:10:00Z', '2026-11-23T14:10:00Z', 760, 'Asia/Kolkata')[0], 'Mon 00:00');
  });

  it('days begin at local midnight on both sides of a clock change', () => {
    const ticks = axisTicks(at('2026-10-23T00:00:00Z'), at('2026-10-28T00:00:00Z'), 600, 'Europe/Berlin');
    const hours = ticks.map((tick) => new Date(tick.at / 1000).toISOString().slice(5, 13));
    assert.deepEqual(hours, ['10-23T22', '10-24T22', '10-25T23', '10-26T23', '10-27T23']);
  });

  it('copes with a range of nothing, of µs and of centuries', () => {
    assert.deepEqual(axisTicks(5, 5, 700, 'UTC'), []);
    assert.deepEqual(axisTicks(5, 900, 700, 'UTC'), []);
    assert.ok(labels('1990-01-01', '2190-01-01', 700, 'UTC').length <= 8);
  });

  it('gives screen readers few lines that add up', () => {
    const rows = tableRows(data, stackedSeries(data));
    assert.deepEqual(rows, [
      { from: 0, to: 10, counts: [1, 1_000_000, 0], total: 1_000_001 },
      { from: 20, to: 30, counts: [0, 0, 2], total: 2 },
    ]);
    const wide = { ...data, series: [{ state_type: 'FAILED', counts: new Array<number>(500).fill(1) }] };
    const short = tableRows(wide, stackedSeries(wide));
    assert.ok(short.length <= 24);
    assert.equal(
      short.reduce((sum, row) => sum + row.total, 0),
      500,
    );
  });
});
