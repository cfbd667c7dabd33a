/** Other programs read what is exported and get the values that the server sent: Python, openpyxl and DuckDB, over hostile values. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseTime } from '../../src-main/contract/time.ts';
import { askDuck as ask } from '../fixtures/duck.ts';
import { ExportArchive } from '../fixtures/export-archive.ts';
import { BIG, formed, hostileRows, hostileTexts, INT64, LONG, type HostileRow } from '../fixtures/hostile-rows.ts';

const columns = ['id', 'name', 'state.message', 'tags', 'run_count', 'total_run_time', 'start_time', 'task_inputs.int64', 'task_inputs.big']; // prettier-ignore
const python = process.env.TASKSCOPE_READERS_PYTHON;
const noPython = python ? false : 'no Python with openpyxl and pandas: TASKSCOPE_READERS_PYTHON is not set';

const office = process.env.TASKSCOPE_SOFFICE;
const noOffice = office ? noPython : 'no LibreOffice: TASKSCOPE_SOFFICE is not set';
type Sheet = { frozen: string; widths: number[]; types: string[]; rows: unknown[][] };

let archive: ExportArchive;
let rows: HostileRow[] = [];

before(async () => {
  archive = await ExportArchive.make(hostileRows());
  rows = archive.sent<HostileRow>();
});
after(() => archive.close());

const micros = ({ start_time }: HostileRow) => (start_time === null ? null : parseTime(start_time));

function read(kind: string, path: string, delimiter = ','): unknown {
  const script = join(import.meta.dirname, '../fixtures/read-export.py');
  return JSON.parse(
    execFileSync(python ?? 'python3', [script, kind, path, delimiter], { maxBuffer: 2 ** 28, encoding: 'utf8' }),
  );
}

describe('CSV', () => {
  test('Python gets every cell as it was, with each delimiter', { skip: noPython }, async () => {
    for (const delimiter of [',', ';', '\t'] as const) {
      const path = await archive.export('rows.csv', { columns, delimiter });
      const [head, ...cells] = read('csv', path, delimiter) as string[][];
      assert.deepEqual(head, columns);
      assert.equal(cells.length, archive.count());
      cells.forEach((row, i) => {
        const { id, name, state, tags, run_count, total_run_time, start_time } = rows[i];
        const time = start_time === null ? '' : row[6];
        assert.deepEqual(row, [
          ...[id, formed(name), formed(state.message) ?? '', JSON.stringify(tags)],
          ...[String(run_count), String(total_run_time), time, INT64, BIG],
        ]);
        if (start_time !== null) assert.equal(parseTime(time), micros(rows[i]));
      });
    }
  });

  test('pandas gets the same cells as Python’s own reader', { skip: noPython }, async () => {
    const path = await archive.export('rows.csv', { columns, safe: true, bom: true });
    const [[first, ...heads], ...cells] = read('csv', path) as string[][];
    assert.deepEqual(read('pandas', path), [[first.replace('\ufeff', ''), ...heads], ...cells]);
  });

  test('DuckDB tells nothing from an empty text', async () => {
    const path = await archive.export('rows.csv', { columns });
    const how = `all_varchar = true, header = true, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false`;
    const found = await ask(
      `SELECT id, hex(name), hex("state.message") FROM read_csv('${path}', ${how}, max_line_size = ${3 * LONG}, parallel = false)`,
    );
    assert.equal(found.length, archive.count());
    // by their bytes: the binding drops a byte order mark at the beginning of a text
    const hex = (text: string | null) =>
      text === null ? null : Buffer.from(text.toWellFormed()).toString('hex').toUpperCase();
    found.forEach(([id, name, message], i) =>
      assert.deepEqual([id, name, message], [rows[i].id, hex(rows[i].name), hex(rows[i].state.message)]),
    );
  });
});

/** LibreOffice's filter of CSV: delimiter, quote, UTF-8, first line, and of columns `1/2/2/2/…` those that hold text. */
function openedByOffice(path: string, delimiter: string, texts = ''): Sheet {
  const filter = `--infilter=CSV:${delimiter.charCodeAt(0)},34,76,1,${texts}`;
  const profile = `-env:UserInstallation=file://${join(archive.dir, 'office')}`;
  execFileSync(
    office ?? 'soffice',
    [profile, '--headless', filter, '--convert-to', 'xlsx', '--outdir', archive.dir, path],
    {
      stdio: 'ignore',
    },
  );
  return read('xlsx', path.replace(/csv$/, 'xlsx')) as Sheet;
}

test('CSV for spreadsheets: LibreOffice opens the same cells, and none is a formula', { skip: noOffice }, async () => {
  const few = { field: 'name', in: hostileTexts.filter((text) => text !== null) };
  const some = columns.slice(0, 4);
  const asked = { columns: some, where: few, bom: true, safe: true };
  for (const delimiter of [',', ';', '\t'] as const) {
    const path = await archive.export('sheet.csv', { ...asked, delimiter });
    const opened = openedByOffice(path, delimiter, some.map((_, i) => `${i + 1}/2`).join('/'));
    const [[first, ...heads], ...cells] = read('csv', path, delimiter) as string[][];
    // XML has one line end
    const plain = (row: unknown[]) =>
      row.map((cell) => (typeof cell === 'string' ? cell.replace(/\r\n?/g, '\n') : (cell ?? '')));
    assert.deepEqual(opened.rows.map(plain), [[first.replace('\ufeff', ''), ...heads], ...cells].map(plain));
    assert.ok(!opened.types.includes('f'));
  }
  // as a double click opens it: what looks like a number or a date becomes one, and still nothing is a formula
  const path = await archive.export('sheet.csv', asked);
  assert.ok(!openedByOffice(path, ',').types.includes('f'));
});

test('JSON and JSON Lines: Python reads the same rows, numbers to their last digit', { skip: noPython }, async () => {
  const lines = read('jsonl', await archive.export('rows.jsonl', { format: 'jsonl' })) as Record<string, unknown>[];
  assert.deepEqual(read('json', await archive.export('rows.json', { format: 'json' })), lines);
  assert.deepEqual(
    lines.map(({ id }) => id),
    rows.map(({ id }) => id),
  );
  for (const { task_inputs } of lines) {
    assert.equal((task_inputs as { int64: string }).int64, INT64);
    assert.equal((task_inputs as { big: string }).big, BIG);
  }
});

test('XLSX: openpyxl gets texts as texts, dates as dates, and a header that stays', { skip: noPython }, async () => {
  const path = await archive.export('rows.xlsx', { format: 'xlsx', columns, header: 'title', tags: 'joined' });
  const sheet = read('xlsx', path) as Sheet;
  assert.equal(sheet.frozen, 'A2');
  assert.ok(sheet.widths.every((width) => width > 10));
  assert.ok(!sheet.types.includes('f'), 'no cell is a formula');
  const [head, ...cells] = sheet.rows;
  assert.deepEqual(head.slice(0, 3), ['Task run id', 'Task run', 'State message']);
  assert.equal(cells.length, archive.count());
  // what XML cannot hold stands as _xHHHH_; XML itself makes one line feed of CR and LF
  const back = (text: unknown) =>
    typeof text === 'string'
      ? text.replace(/_x([0-9A-F]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      : (text ?? '');
  cells.forEach(([id, name, message, tags, count, seconds, start, int64, big], i) => {
    const row = rows[i];
    const cut = (text: string | null) => {
      const whole = formed(text) ?? '';
      return whole.length > 32_767 ? `${whole.slice(0, 32_766)}…` : whole;
    };
    assert.deepEqual([id, back(name), back(message)], [row.id, cut(row.name), cut(row.state.message)]);
    assert.deepEqual([back(tags), count, int64, big], [row.tags.map(formed).join(', '), row.run_count, INT64, BIG]);
    assert.ok(Math.abs((seconds as number) - row.total_run_time) < 1e-9);
    const time = micros(row);
    if (time === null) assert.equal(start, null);
    else assert.ok(Math.abs((parseTime(start as string) ?? 0) - time) <= 1000, `${String(start)} ${time}`);
  });
});
