/** Rows cross as columns and are the same rows on the other side, through JSON too; what is no list of rows is refused. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { rowListSchema, toColumns } from '../../src-main/contract/row-columns.ts';
import { taskRunRowSchema, type TaskRunRow } from '../../src-main/contract/rows.ts';
import '../fixtures/ci-seed.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 });
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const row = fc.record<TaskRunRow>(
  {
    id: fc.uuid(),
    name: text,
    task_key: orNull(text),
    state_type: orNull(text),
    state_name: orNull(text),
    failure: orNull(text),
    tags: fc.array(text, { maxLength: 3 }),
    flow_run_id: orNull(fc.uuid()),
    flow_run_name: orNull(text),
    flow_id: orNull(fc.uuid()),
    flow_name: orNull(text),
    deployment_id: orNull(fc.uuid()),
    deployment_name: orNull(text),
    expected_start_time: orNull(fc.maxSafeInteger()),
    next_scheduled_start_time: orNull(fc.maxSafeInteger()),
    start_time: orNull(fc.maxSafeInteger()),
    end_time: orNull(fc.maxSafeInteger()),
    created: orNull(fc.maxSafeInteger()),
    updated: orNull(fc.maxSafeInteger()),
    run_count: fc.nat(),
    total_run_time: fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => (one === 0 ? 0 : one)),
    has_subflow: fc.boolean(),
    gone: orNull(fc.maxSafeInteger()),
  },
  { noNullPrototype: true },
);

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
