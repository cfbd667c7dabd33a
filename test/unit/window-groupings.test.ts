/** Days and hours that a list is grouped by, in zones that put their clocks on and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aheadOfUtc } from '../../src-main/contract/zone.ts';
import { edgesOf } from '../../src-main/contract/zone.ts';
import { groupsCsv } from '../../src-renderer/state/handover/groups-csv.ts';
import { conditionOfGroup } from '../../src-renderer/state/filters/groupings.ts';
import '../fixtures/ci-seed.ts';

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia'];
const MICROS = 1_000_000;
const second = fc.integer({ min: Date.UTC(2015, 0, 1) / 1000, max: Date.UTC(2035, 0, 1) / 1000 });
const clock = (edge: number, zone: string) => edge / MICROS + aheadOfUtc(edge / MICROS, zone);

test('days begin at midnight of the zone and leave no gap, also where the clock is put on or back', () => {
  fc.assert(
    fc.property(second, fc.integer({ min: 0, max: 40 * 86_400 }), fc.constantFrom(...zones), (from, length, zone) => {
      const edges = edgesOf(from * MICROS, (from + length) * MICROS, 'day', zone, 10_000);
      assert.ok(edges[0] <= from * MICROS && (edges.at(-1) ?? 0) > (from + length) * MICROS);
      for (const [i, edge] of edges.entries()) {
        assert.equal(clock(edge, zone) % 86_400, 0, new Date(edge / 1000).toISOString());
        if (i > 0) assert.ok(edge - edges[i - 1] >= 23 * 3600 * MICROS && edge - edges[i - 1] <= 25 * 3600 * MICROS);
      }
    }),
    { numRuns: 300 },
  );
});

test('hours cover the time from first to last in order, an hour apart but where the clock is put on or back', () => {
  fc.assert(
    fc.property(second, fc.integer({ min: 0, max: 5 * 86_400 }), fc.constantFrom(...zones), (from, length, zone) => {
      const edges = edgesOf(from * MICROS, (from + length) * MICROS, 'hour', zone, 10_000);
      assert.ok(edges[0] <= from * MICROS && (edges.at(-1) ?? 0) > (from + length) * MICROS);
      for (const [i, edge] of edges.entries())
        if (i > 0) assert.ok(edge > edges[i - 1] && edge - edges[i - 1] <= 2 * 3600 * MICROS);
    }),
    { numRuns: 300 },
  );
});

test('a group is opened as the filter that holds exactly its runs', () => {
  const where = {
    and: [
      { field: 'tags', any: ['a', 'b'] },
      { field: 'state_name', in: ['Failed', 'Crashed'] },
    ],
  };
  const state = { label: 'State', field: 'state_name' };
  assert.deepEqual(conditionOfGroup(where, state, { field: 'state_name' }, 'Failed'), {
    and: [
      { field: 'tags', any: ['a', 'b'] },
      { field: 'state_name', in: ['Failed'] },
    ],
  });
  const tag = { label: 'Tag', field: 'tags' };
  assert.deepEqual(conditionOfGroup(where, tag, { field: 'tags' }, 'c'), {
    and: [...where.and, { field: 'tags', all: ['c'] }],
  });
  const day = { label: 'Day', field: 'start_time', time: 'day' as const };
  const grouping = { field: 'start_time', edges: [1000, 2000, 3000] };
  assert.deepEqual(conditionOfGroup({ and: [] }, day, grouping, '2000'), {
    and: [{ field: 'start_time', from: 2000, to: 2999 }],
  });
  assert.deepEqual(conditionOfGroup({ and: [] }, day, grouping, null), {
    and: [{ field: 'start_time', isNull: true }],
  });
});

test('groups as CSV: names and keys, every digit, nothing where there is no value', () => {
  const none = { failed: 0, retried: 0, total: 0, median: null, p95: null, longest: null, last: null, spark: [] };
  const groups = [
    {
      ...none,
      value: 'load-1a2b',
      label: 'load, "all"',
      runs: 3,
      failed: 1,
      median: 0.123456,
      total: 7.5,
      last: 1_700_000_000_000_001,
    },
    { ...none, value: null, label: '', runs: 2 },
  ];
  const exact = { delimiter: ',', bom: false, safe: false, header: 'key', time_zone: null, tags: 'json' } as const;
  assert.equal(
    groupsCsv({ label: 'Work queue', field: 'flow_run.work_queue_name' }, groups, exact),
    'work_queue,flow_run.work_queue_name,runs,failed,retried,median_seconds,p95_seconds,longest_seconds,total_seconds,last_start\r\n' +
      '"load, ""all""",load-1a2b,3,1,0,0.123456,,,7.5,2023-11-14T22:13:20.000001Z\r\n' +
      ',,2,0,0,,,,0,\r\n',
  );
  const day = { label: 'Day', field: 'start_time', time: 'day' as const };
  const days = groupsCsv(day, [{ ...none, value: '0', label: '0', runs: 1 }], { ...exact, time_zone: 'Asia/Tokyo' });
  assert.match(days.split('\r\n')[1], /^1970-01-01T09:00:00\S*\+09:00,,1,/);
  // as every CSV for spreadsheets: no formula, no control character
  const hostile = ['=cmd|x', '＝1', '  @cmd', '\0=cmd', '\t-1+1', 'a;b', 'plain'];
  const sheet = groupsCsv(
    { label: 'State', field: 'state_name' },
    hostile.map((name) => ({ ...none, value: name, label: name, runs: 1 })),
    { ...exact, delimiter: ';', bom: true, safe: true, header: 'title' },
  );
  const [head, ...lines] = sheet.trimEnd().split('\r\n');
  assert.ok(head.startsWith('\ufeffState;State (state_name);Runs;'), head);
  assert.deepEqual(
    lines.map((line) => line.slice(0, line.indexOf(';1;'))),
    ["'=cmd|x", "'＝1", "'  @cmd", '␀=cmd', "'\t-1+1", '"a;b"', 'plain'].map((cell) => `${cell};${cell}`),
  );
});
