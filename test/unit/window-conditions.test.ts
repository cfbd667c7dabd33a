import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { conditionSchema, TRUE, type Condition } from '../../src-main/contract/query.ts';
import {
  conjuncts,
  fieldOf,
  joined,
  readChoice,
  readContains,
  readHas,
  readPresence,
  readRange,
  readText,
  sameCondition,
  toggled,
  without,
  writeChoice,
  writeContains,
  writeHas,
  writePresence,
  writeRange,
  writeText,
  type Choice,
} from '../../src-renderer/state/filters/conditions.ts';
import '../fixtures/ci-seed.ts';

const flow = 'flow_run.flow_id';
const noChoice: Choice = { include: [], exclude: [], mode: 'all' };
const handmade: Condition = {
  or: [
    { field: 'name', contains: 'x' },
    { field: 'run_count', from: 3 },
  ],
};

describe('the panel and the condition tree', () => {
  it('flattens nested ands and says nothing for TRUE', () => {
    assert.deepEqual(conjuncts(TRUE), []);
    assert.deepEqual(conjuncts({ and: [{ and: [handmade] }, { text: 'a' }] }), [handmade, { text: 'a' }]);
    assert.equal(joined([]), TRUE);
  });

  it('reads what it wrote, for any choice of values', () => {
    const values = fc.uniqueArray(fc.option(fc.string({ minLength: 1 }), { nil: null }), { maxLength: 4 });
    fc.assert(
      fc.property(
        values,
        values,
        fc.constantFrom<'all' | 'any'>('all', 'any'),
        fc.boolean(),
        (include, out, mode, tags) => {
          const exclude = out.filter((value) => !include.includes(value));
          const choice: Choice = { include, exclude, mode };
          const where = writeChoice(joined([handmade]), 'tags', choice, tags);
          conditionSchema.parse(where);
          const read = readChoice(where, 'tags', tags);
          assert.deepEqual(read.include, nullLast(include));
          assert.deepEqual(read.exclude, nullLast(exclude));
          if (tags && include.some((value) => value !== null)) assert.equal(read.mode, mode);
          assert.ok(conjuncts(where).includes(handmade));
          assert.deepEqual(conjuncts(writeChoice(where, 'tags', noChoice, tags)), [handmade]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps a chip in its place while it is edited', () => {
    let where = writeText(writeChoice(TRUE, flow, { ...noChoice, include: ['a'] }), 'late');
    where = writeChoice(where, flow, { ...noChoice, include: ['a', 'b'] });
    assert.deepEqual(conjuncts(where), [{ field: flow, in: ['a', 'b'] }, { text: 'late' }]);
  });

  it('reads an exclusion as Prefect writes it: not, and "is set"', () => {
    const where: Condition = { and: [{ not: { field: flow, in: ['a'] } }, { field: flow, isNull: false }] };
    assert.deepEqual(readChoice(where, flow).exclude, ['a', null]);
  });

  it('leaves shapes it does not know alone', () => {
    const odd: Condition = { not: { field: 'tags', all: ['a', 'b'] } };
    assert.deepEqual(readChoice(odd, 'tags', true), noChoice);
    assert.ok(conjuncts(writeChoice(odd, 'tags', { ...noChoice, include: ['c'] }, true)).includes(odd));
  });

  it('a click includes, a second undoes, and the other gesture moves the value over', () => {
    const once = toggled(noChoice, 'a', 'include');
    assert.deepEqual(once.include, ['a']);
    assert.deepEqual(toggled(once, 'a', 'include').include, []);
    const out = toggled(once, 'a', 'exclude');
    assert.deepEqual([out.include, out.exclude], [[], ['a']]);
    assert.deepEqual(toggled(out, 'a', 'include'), noChoice);
    assert.deepEqual(toggled({ ...noChoice, include: ['b'], exclude: ['c'] }, 'a', 'only').include, ['a']);
  });

  it('ranges, text, contains, presence and has come back as written', () => {
    const range = writeRange(TRUE, 'start_time', { from: { ago: 5 } });
    assert.deepEqual(readRange(range, 'start_time'), { from: { ago: 5 } });
    assert.equal(readRange(writeRange(range, 'start_time', {}), 'start_time'), null);
    assert.equal(readText(writeText(TRUE, '  a b ')), 'a b');
    assert.equal(readContains(writeContains(TRUE, 'name', 'x'), 'name'), 'x');
    assert.equal(readPresence(writePresence(TRUE, 'end_time', 'none'), 'end_time'), 'none');
    assert.equal(readPresence(writePresence(TRUE, 'end_time', 'some'), 'end_time'), 'some');
    for (const wanted of [true, false, null])
      assert.equal(readHas(writeHas(joined([handmade]), 'subflow_runs', wanted), 'subflow_runs'), wanted);
  });

  it('a range does not disturb a null check on the same field', () => {
    const where = writeRange(writePresence(TRUE, 'end_time', 'some'), 'end_time', { to: 9 });
    assert.equal(readPresence(where, 'end_time'), 'some');
    assert.deepEqual(readRange(where, 'end_time'), { to: 9 });
  });

  it('removes one conjunct', () => {
    const where = joined([handmade, { text: 'a' }]);
    assert.deepEqual(conjuncts(without(where, handmade)), [{ text: 'a' }]);
  });

  it('knows the one field a condition is about', () => {
    assert.equal(
      fieldOf({
        not: {
          or: [
            { field: 'a', in: [1] },
            { field: 'a', isNull: true },
          ],
        },
      }),
      'a',
    );
    assert.equal(fieldOf(handmade), null);
    assert.equal(fieldOf({ text: 'x' }), null);
  });

  it('compares questions, however their ands are nested', () => {
    assert.ok(sameCondition({ and: [handmade] }, handmade));
    assert.ok(!sameCondition(TRUE, handmade));
  });
});

function nullLast(values: (string | null)[]): (string | null)[] {
  return [...values.filter((value) => value !== null), ...values.filter((value) => value === null)];
}
