/** Cells of CSV and JSON: exact by default, harmless in a spreadsheet when asked, and no value that turns into another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvHeader, csvLine, csvText } from '../../src-main/contract/csv-text.ts';
import {
  delimiterOf,
  delimiters,
  exportColumn,
  exportOptionsSchema,
  headsOf,
  jsonPlace,
} from '../../src-main/contract/export.ts';
import { parseTime } from '../../src-main/contract/time.ts';
import { valueJson } from '../../src-main/export/cells.ts';
import { csvCell, type CsvOptions } from '../../src-main/export/csv.ts';
import { timeFormat } from '../../src-main/contract/local-time.ts';
import { jsonAt } from '../../src-main/core/workers/export/values.ts';

const csv = (asked: Partial<CsvOptions> = {}): CsvOptions => ({
  ...exportOptionsSchema.parse({}),
  time: timeFormat(null),
  ...asked,
});
const exact = csv();
const safe = csv({ safe: true });

/** RFC 4180, one line; a quoted cell and an empty one are told apart. */
function readLine(text: string, delimiter: string): (string | null)[] {
  const cells: (string | null)[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let end = at + 1;
      while (text[end] !== '"' || text[end + 1] === '"') end += text[end] === '"' ? 2 : 1;
      cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else {
      let end = at;
      while (text[end] !== delimiter && text[end] !== '\r') end++;
      cells.push(end === at ? null : text.slice(at, end));
      at = end;
    }
    if (text[at] === '\r') {
      assert.equal(text.slice(at), '\r\n');
      return cells;
    }
    assert.equal(text[at++], delimiter);
  }
}

const odd = fc.string({ unit: fc.constantFrom(...'a=+-@＝ \t\r\n",;\0\x1b\u200f\u00a0é😀0'), maxLength: 8 });

test('what is written is read again, with every delimiter; nothing and an empty text stay two things', () => {
  const cells = fc.array(fc.option(odd), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(cells, fc.constantFrom(...delimiters), (texts, delimiter) => {
      const options = csv({ delimiter });
      const line = csvLine(
        texts.map((text) => csvText(text, options)),
        options,
      );
      assert.deepEqual(readLine(line, delimiter), texts);
    }),
  );
});

test('safe: no cell is a formula, no control character is raw; other cells are as they were', () => {
  fc.assert(
    fc.property(odd, (text) => {
      const [cell] = readLine(csvLine([csvText(text, safe)], safe), ',') as [string];
      assert.doesNotMatch(cell, /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/);
      assert.doesNotMatch(cell.replace(/^[\s\p{Cf}\p{Z}]*/u, ''), /^(?!-\d+$)[=+\-@＝＋－＠]/);
      if (/^[a0é😀";,]*$/u.test(text)) assert.equal(cell, text);
    }),
  );
  for (const [text, cell] of [
    ['=1+1', "'=1+1"],
    ['  @cmd', "'  @cmd"],
    ['＝1', "'＝1"],
    ['\u200f-1', "'\u200f-1"],
    ['a\0b', 'a␀b'],
    ['\0=cmd', '␀=cmd'],
    ['\t=cmd', "'\t=cmd"],
    ['-1.5', '-1.5'],
    ['-2e-7', '-2e-7'],
    ['-1+cmd', "'-1+cmd"],
    ['+1', "'+1"],
    ['007', '007'],
  ])
    assert.equal(csvText(text, safe), cell);
});

test('values by kind', () => {
  assert.equal(csvCell(null, 'text', exact), '');
  assert.equal(csvCell('=1+1', 'text', exact), '=1+1');
  assert.equal(csvCell(-1.5, 'number', safe), '-1.5');
  assert.equal(csvCell(1_600_000_000_000_001, 'time', exact), '2020-09-13T12:26:40.000001Z');
  assert.equal(csvCell(['a,b', 'c'], 'tags', exact), '"[""a,b"",""c""]"');
  assert.equal(csvCell(['a', 'c'], 'tags', csv({ tags: 'joined' })), '"a, c"');
  assert.equal(csvCell('"a\\"b"', 'json', exact), '"a""b"');
  assert.equal(csvCell('9007199254740993', 'json', exact), '9007199254740993');
  assert.equal(csvCell('null', 'json', exact), '');
  assert.equal(csvCell('""', 'json', exact), '""');
  assert.equal(csvHeader(['a', 'b;c'], { ...exact, bom: true, delimiter: ';' }), '\ufeffa;"b;c"\r\n');
  assert.equal(valueJson(1_600_000_000_000_001, 'time'), '"2020-09-13T12:26:40.000001Z"');
  assert.equal(valueJson('1.50', 'json'), '1.50');
});

test('local times name the same instant, on both sides of a change of clocks', () => {
  const berlin = timeFormat('Europe/Berlin');
  assert.equal(berlin(1_761_440_399_000_001), '2025-10-26T02:59:59.000001+02:00');
  assert.equal(berlin(1_761_440_400_000_000), '2025-10-26T02:00:00.000000+01:00');
  const zones = ['Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC'];
  const instant = fc.integer({ min: 0, max: 4e15 });
  fc.assert(
    fc.property(fc.constantFrom(...zones), instant, (zone, micros) =>
      assert.equal(parseTime(timeFormat(zone)(micros)), micros),
    ),
  );
  assert.throws(() => timeFormat('Mars/Olympus'), { code: 'BAD_INPUT' });
});

test('a path into JSON takes the longest key there is, and the text as it stands', () => {
  const row = '{"task_inputs": {"x": [{"id": "1"}, 2]}, "labels": {"prefect.flow.id": 1.50, "prefect": {"a": null}}}';
  for (const [path, text] of [
    ['task_inputs.x', '[{"id": "1"}, 2]'],
    ['task_inputs.x.0.id', '"1"'],
    ['task_inputs.x.1', '2'],
    ['task_inputs.x.2', null],
    ['labels.prefect.flow.id', '1.50'],
    ['labels.prefect.a', 'null'],
    ['labels.prefect.a.b', null],
    ['nothing', null],
  ] as const)
    assert.equal(jsonAt(row, path), text, path);
  assert.deepEqual(jsonPlace('flow_run.flow.labels.a'), { entity: 'flow', keys: 'labels.a' });
  assert.deepEqual(jsonPlace('flow_run.parameters.day'), { entity: 'flow_run', keys: 'parameters.day' });
});

test('heads: keys, or titles that tell columns apart', () => {
  const columns = ['state_type', 'state_name', 'run_count', 'labels.a'].map(exportColumn);
  assert.deepEqual(headsOf(columns, 'key'), ['state_type', 'state_name', 'run_count', 'labels.a']);
  assert.deepEqual(headsOf(columns, 'title'), ['State (state_type)', 'State (state_name)', 'Attempts', 'labels.a']);
});

test('the delimiter follows the locale: a semicolon where the comma is the decimal sign', () => {
  assert.equal(['en-US', 'en-GB', 'ja', 'de', 'fr', 'pt-BR'].map(delimiterOf).join(' '), ', , , ; ; ;');
});
