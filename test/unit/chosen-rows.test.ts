/** Choosing rows, and the text they are copied as. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TaskRunRow } from '../../src-main/contract/run.ts';
import {
  extended,
  MOST_CHOSEN,
  nothingChosen,
  rangeOf,
  startedAt,
  toggled,
} from '../../src-renderer/state/question/chosen-rows.ts';
import { rowsText } from '../../src-renderer/state/handover/rows-text.ts';
import { fakeRow } from '../harness/window/fake-rows.ts';
import '../fixtures/ci-seed.ts';

const id = (index: number) => `row-${index}`;
const ids = (from: number, to: number) => {
  const { from: first, end } = rangeOf(from, to);
  const list = Array.from({ length: end - first }, (_, i) => id(first + i));
  return from > to ? list.reverse() : list;
};

describe('choosing rows', () => {
  it('another range from the same anchor replaces the first, and what was chosen before stays', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.nat(50), fc.nat(50), (other, anchor, first, second) => {
        const start = toggled(toggled(nothingChosen, other, id(other)), anchor, id(anchor));
        const once = extended(extended(start, ids(anchor, first), anchor), ids(anchor, second), anchor);
        const before = other === anchor ? [] : [id(other), id(anchor)];
        assert.deepEqual(new Set(once.ids), new Set([...before, ...ids(anchor, second)]));
      }),
    );
  });

  it('a row that is toggled twice is as it was, and a click begins anew', () => {
    const one = toggled(startedAt(3), 4, id(4));
    assert.deepEqual([...one.ids], [id(4)]);
    assert.deepEqual([...toggled(one, 4, id(4)).ids], []);
    assert.deepEqual(startedAt(7), { ...nothingChosen, anchor: 7 });
  });

  it('holds no more than it may, nearest to the anchor first', () => {
    const many = extended(startedAt(20_000), ids(20_000, 0), 20_000);
    assert.equal(many.ids.size, MOST_CHOSEN);
    assert.ok(many.ids.has(id(20_000)) && !many.ids.has(id(20_000 - MOST_CHOSEN)));
    assert.equal(toggled(many, 1, id(1)).ids.size, MOST_CHOSEN);
  });
});

const odd: Partial<TaskRunRow>[] = [
  { name: '=cmd|x', tags: ['a', 'b,"c'], start_time: 1_700_000_000_000_001 },
  { name: 'two\nlines\tand a tab', tags: [] },
  { name: '| [a](javascript:x) <b> `', failure: '' },
  { name: '  ＝full', end_time: null },
  { name: 'NUL\0 and \u202eturned', tags: ['=a'] },
];
const rows = odd.map((change, i) => ({ ...fakeRow(i + 1), ...change }));
const exact = { delimiter: ',', bom: false, safe: false, header: 'key', time_zone: null, tags: 'json' } as const;
const columns = ['name', 'start_time', 'duration', 'flow_run.name', 'tags', 'failure', 'run_count'];

describe('copied rows', () => {
  it('a sheet that reads tabs and quotes has every cell, and none is a formula', () => {
    const text = rowsText(rows, columns, 'tsv', 'UTC', exact);
    // the excel-tab dialect is what sheets paste
    const script = 'import csv,json,sys; json.dump(list(csv.reader(sys.stdin, dialect="excel-tab")), sys.stdout)';
    const read = JSON.parse(
      execFileSync('python3', ['-c', script], {
        input: text,
        encoding: 'utf8',
        env: { ...process.env, PYTHONUTF8: '1' },
      }),
    ) as string[][];
    const heads = ['Task run', 'Started', 'Duration', 'Flow', 'Flow run', 'Tags', 'Failure', 'Attempts'];
    assert.deepEqual(read[0], heads);
    assert.deepEqual(
      read.slice(1).map(([name]) => name),
      ["'=cmd|x", 'two\nlines\tand a tab', rows[2].name, "'  ＝full", 'NUL␀ and \u202eturned'],
    );
    assert.equal(read[1][5], 'a, b,"c');
    assert.equal(read[4][2], '');
    for (const line of read) assert.equal(line.length, heads.length);
  });

  it('Markdown keeps one line a run and makes no link and no HTML', () => {
    const lines = rowsText(rows, columns, 'markdown', 'UTC', exact).split('\n');
    assert.equal(lines.length, rows.length + 2);
    assert.ok(lines[4].startsWith('| \\| \\[a\\](javascript:x) \\<b\\> \\` |'), lines[4]);
    for (const line of lines) assert.equal(line.replace(/\\./g, '').split('|').length, 10);
  });

  it('a path into the rows’ JSON: numbers as the server wrote them, texts without their quotes in cells', () => {
    const paths = ['task_inputs.n', 'task_inputs.t', 'flow_run.created'];
    const [n, t] = ['123456789012345678901234567890.50', JSON.stringify('a, "b"\nc')];
    const more = (_: string, path: string) => (path === paths[0] ? n : path === paths[1] ? t : 1_700_000_000_000_001);
    const copied = (format: 'tsv' | 'json' | 'csv' | 'markdown') =>
      rowsText(rows.slice(0, 1), paths, format, 'UTC', exact, more);
    assert.ok(copied('json').includes(`"task_inputs.n": ${n},\n`));
    assert.deepEqual(Object.entries((JSON.parse(copied('json')) as object[])[0]).slice(1), [
      ['task_inputs.t', 'a, "b"\nc'],
      ['flow_run.created', '2023-11-14T22:13:20.000001Z'],
    ]);
    assert.equal(copied('csv'), `${paths.join(',')}\r\n${n},"a, ""b""\nc",2023-11-14T22:13:20.000001Z\r\n`);
    assert.ok(copied('markdown').endsWith(`| ${n} | a, "b" c | 2023-11-14 22:13:20.000 |`), copied('markdown'));
  });

  it('JSON and CSV have the same values under the same paths, times in UTC', () => {
    const json = JSON.parse(rowsText(rows, columns, 'json', 'Asia/Tokyo', exact)) as Record<string, unknown>[];
    const keys = [
      'name',
      'start_time',
      'duration',
      'flow_run.flow.name',
      'flow_run.name',
      'tags',
      'failure',
      'run_count',
    ];
    assert.deepEqual(Object.keys(json[0]), keys);
    assert.deepEqual(json[0].tags, ['a', 'b,"c']);
    assert.match(String(json[0].start_time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.equal(json[3].duration, null);
    const [head, first] = rowsText(rows, columns, 'csv', 'Asia/Tokyo', exact).split('\r\n');
    assert.equal(head, keys.join(','));
    assert.ok(first.startsWith(`=cmd|x,${String(json[0].start_time)},`), 'a program gets the value as it is');
    const choice = { delimiter: ';', bom: true, safe: true, header: 'title', time_zone: 'Asia/Tokyo' } as const;
    const sheet = rowsText(rows, columns, 'csv', 'UTC', { ...choice, tags: 'joined' }).split('\r\n');
    assert.equal(sheet[0], 'Task run;Started;Duration;Flow;Flow run;Tags;Failure;Attempts');
    assert.match(sheet[1], /^'=cmd\|x;2023-11-15T07:13:20.000001\+09:00;.*;"a, b,""c";/, 'as exports have it');
    assert.ok(sheet.at(-2)?.startsWith('NUL␀ and'));
  });
});
