/** Rows cross as columns and are the same rows on the other side, through JSON too; what is no list of rows is refused. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { rowListSchema, toColumns } from '../../src-main/contract/row-columns.ts';
import { fieldsOf, type FieldInfo } from '../../src-main/contract/fields.ts';
import { parentFields, taskRunRowSchema, type TaskRunRow } from '../../src-main/contract/run.ts';
import '../fixtures/ci-seed.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 });
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => (one === 0 ? 0 : one));
/** Values of each kind of field; a field that lists never show empty has no null. */
function valueOf({ kind, absent }: FieldInfo): fc.Arbitrary<unknown> {
  if (kind === 'tags') return fc.array(text, { maxLength: 3 });
  const value = kind === 'time' ? fc.maxSafeInteger() : kind === 'number' ? double : kind === 'uuid' ? fc.uuid() : text;
  return absent === undefined ? orNull<unknown>(value) : value;
}
const own = fieldsOf('task_run').filter(([, { stored }]) => stored !== false);
const row = fc.record(
  {
    ...Object.fromEntries(own.map(([name, info]) => [name, valueOf(info)])),
    ...Object.fromEntries(Object.keys(parentFields).map((name) => [name, orNull(text)])),
    note: fc.option(fc.string(), { nil: null }),
    failure_note: fc.option(fc.string(), { nil: null }),
    bookmarked: fc.boolean(),
    seen_at: fc.option(fc.nat(), { nil: null }),
    flow_run_note: fc.option(fc.string(), { nil: null }),
    left_behind: fc.option(fc.string(), { nil: null }),
  },
  { noNullPrototype: true },
) as unknown as fc.Arbitrary<TaskRunRow>;

it('any rows come back as they were, every field of the contract', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      const sent = toColumns(rows);
      assert.deepEqual(Object.keys(sent), Object.keys(taskRunRowSchema.shape));
      assert.deepEqual(rowListSchema.parse(structuredClone(sent)), rows);
      assert.deepEqual(rowListSchema.parse(JSON.parse(JSON.stringify(sent))), rows);
      assert.deepEqual(rowListSchema.encode(rows), sent);
    }),
  );
});

it('columns that are missing, of another length or of another kind are refused', () => {
  const [one] = fc.sample(row, 1);
  assert.ok(one);
  const sent = toColumns([one, one]);
  const without = Object.fromEntries(Object.entries(sent).filter(([field]) => field !== 'gone'));
  for (const wrong of [
    null,
    [],
    {},
    without,
    { ...sent, name: ['a'] },
    { ...sent, name: [1, 2] },
    { ...sent, tags: 'a' },
  ])
    assert.equal(rowListSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
});
