/** Scalars of a request body: what pydantic 2 made of the same texts in Prefect 3.8.8; what pendulum adds on Python 3.12 and older is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTime } from '../../src-main/contract/prefect/time.ts';
import { readBoolean, readInteger, readUuid } from '../../src-main/contract/prefect/values.ts';

const table = (read: (input: unknown) => unknown, cases: [unknown, unknown][]) => {
  for (const [input, expected] of cases) {
    const got = read(input) as { value?: unknown; type?: string };
    const plain = 'value' in got ? got.value : got.type;
    assert.equal(plain, expected, JSON.stringify(input));
  }
};

test('booleans are lax, exactly as far as pydantic is', () => {
  table(readBoolean, [
    [true, true],
    [0, false],
    [1.0, true],
    ['TRUE', true],
    ['oFF', false],
    ['y', true],
    [' true', 'bool_parsing'],
    [2, 'bool_parsing'],
    ['x', 'bool_parsing'],
    [1.5, 'bool_type'],
    [1e30, 'bool_type'],
    [[], 'bool_type'],
  ]);
});

test('integers: whole floats, texts and booleans', () => {
  table(readInteger, [
    [5, 5],
    [2.0, 2],
    [true, 1],
    [' +5 ', 5],
    ['1_000', 1000],
    ['2.0', 2],
    ['-0', 0],
    [2.5, 'int_from_float'],
    ['2.5', 'int_parsing'],
    ['2.', 'int_parsing'],
    ['1__0', 'int_parsing'],
    ['1e3', 'int_parsing'],
    ['٣', 'int_parsing'],
    [[], 'int_type'],
  ]);
});

test('uuids in any spelling, and what is none', () => {
  const id = '01a20aea-6dc4-7b34-82a2-1b1505be9768';
  table(readUuid, [
    [id.toUpperCase(), id],
    [id.replaceAll('-', ''), id],
    [`{${id}}`, id],
    [`urn:uuid:${id}`, id],
    [5, 'uuid_type'],
    ['x', 'uuid_parsing'],
    ['', 'uuid_parsing'],
    ['{}', 'uuid_parsing'],
    [` ${id}`, 'uuid_parsing'],
    [`{${id.replaceAll('-', '')}}`, 'uuid_parsing'],
    [`URN:UUID:${id}`, 'uuid_parsing'],
    ['0-0-0-0-0', 'uuid_parsing'],
    [`${id}0`, 'uuid_parsing'],
    [`urn:uuid:${id}0`, 'uuid_parsing'],
  ]);
});

test('times: RFC 3339, epochs, and refusals', () => {
  table(readTime, [
    ['2024-01-01', 1704067200000000],
    ['2024-01-01T00:00:00.1234569Z', 1704067200123456],
    ['2024-01-01t00:00:00z', 1704067200000000],
    ['2024-01-01_00:00:00+0530', 1704047400000000],
    ['2024-01-01T00:00:00\u221205:00', 1704085200000000],
    ['2024-01-01T00', 'value_error'],
    ['2024-W05', 'value_error'],
    ['2024W053', 'value_error'],
    ['2024-W00', 'value_error'],
    ['2024-123', 'value_error'],
    ['2024-05', 'value_error'],
    ['20240501T101112', 'value_error'],
    ['2024/05/01 10:11:12|5', 'value_error'],
    ['2024 10:11', 'value_error'],
    [1700000000, 1700000000000000],
    [1700000000000.25, 1700000000000250],
    ['20240501', 20240501000000],
    ['.5', 500000],
    [-1.25, -1250000],
    [20000000000, 20000000000000000],
    [20000000001, 20000000001000],
    ['0001-01-01T00:00:00Z', -62135596800000000],
    ['0001-01-01T00:00:00+05:00', 'value_error'],
    ['2024-01-01T00:00:00+24:00', 'value_error'],
    ['2024-W53', 'value_error'],
    ['2024-1-1', 'value_error'],
    ['2024-02-30', 'value_error'],
    ['2024-01-01T23:59:60Z', 'value_error'],
    ['2024-05-01T101112', 'value_error'],
    ['', 'value_error'],
    ['2024/02/30', 'value_error'],
    ['7:63', 'value_error'],
    ['P1D', 'value_error'],
    ['2024-01-01/2024-01-02', 'value_error'],
    ['2024-01-01/P1D', 'value_error'],
    ['7:', 'value_error'],
    [1e30, 'value_error'],
    [true, 'value_error'],
    [{}, 'value_error'],
  ]);
});
