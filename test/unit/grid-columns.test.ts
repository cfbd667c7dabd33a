import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { resolveField } from '../../src-main/contract/fields.ts';
import {
  chosenColumns,
  defaultColumns,
  durationShare,
  fitColumns,
  gridColumn,
  gridColumns,
  heldColumns,
  movedColumn,
  splitName,
  toggledColumn,
} from '../../src-renderer/grid-columns.ts';
import { fittingTags } from '../../src-renderer/ui/grid/tag-fit.ts';
import '../fixtures/ci-seed.ts';

const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);

describe('grid columns', () => {
  it('every column is a field of the contract, once', () => {
    for (const { field } of gridColumns) assert.ok(resolveField('task_run', field), field);
    assert.equal(new Set(gridColumns.map(({ field }) => field)).size, gridColumns.length);
  });

  it('fills the row, and gives way before it scrolls sideways', () => {
    const wide = fitColumns(defaultColumns, 1_200);
    assert.ok(sum(wide) <= 1_200 && sum(wide) > 1_200 - defaultColumns.length);
    const tight = fitColumns(defaultColumns, 700);
    assert.ok(sum(tight) >= 700 && sum(tight) <= 700 + defaultColumns.length);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000 }), (space) => {
        const widths = fitColumns(defaultColumns, space);
        assert.ok(widths.every((width, i) => width >= (gridColumns[i]?.min ?? 0)));
      }),
    );
  });

  it('tags that do not fit are counted: what is shown and the count fit; a single one is cut instead', () => {
    const width = (tag: string) => tag.length * 6;
    assert.equal(fittingTags([], 0, width), 0);
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 20 })),
        fc.integer({ min: 0, max: 600 }),
        (tags, room) => {
          const shown = fittingTags(tags, room, width);
          const taken = sum(tags.slice(0, shown).map((tag) => width(tag) + 16));
          assert.ok(shown <= tags.length && (shown > 0 || tags.length !== 1));
          if (shown === tags.length && shown > 1) assert.ok(taken <= room);
          else if (shown > 1) assert.ok(taken + 26 <= room);
        },
      ),
    );
  });

  it('a column sized by hand keeps its width', () => {
    const chosen = defaultColumns.map((one) => (one.field === 'name' ? { ...one, width: 333 } : one));
    assert.equal(fitColumns(chosen, 2_000)[0], 333);
    assert.equal(fitColumns(chosen, 300)[0], 333);
  });

  it('columns move, come and go; one always stays', () => {
    const names = (list: { field: string }[]) => list.map(({ field }) => field).join(' ');
    const abc = ['name', 'tags', 'id'].map((field) => ({ field, width: 1 }));
    assert.equal(names(movedColumn(abc, 0, 3)), 'tags id name');
    assert.equal(names(movedColumn(abc, 2, 0)), 'id name tags');
    assert.equal(names(movedColumn(abc, 1, 1)), 'name tags id');
    assert.equal(names(movedColumn(abc, 1, 2)), 'name tags id');
    assert.equal(names(toggledColumn(abc, 'tags')), 'name id');
    assert.equal(names(toggledColumn(abc, 'wait')), 'name tags id wait');
    assert.equal(names(toggledColumn([{ field: 'id', width: 1 }], 'id')), 'id');
  });

  it('kept columns that can be none are left out; a name that is no field is a path into the rows', () => {
    const kept = (...fields: string[]) => chosenColumns(fields.map((field) => ({ field, width: 9 })));
    for (const none of ['', ' ', 'traceback', 'error_lines', 'x'.repeat(301)]) {
      assert.deepEqual(kept(none), defaultColumns, none);
      assert.deepEqual(kept('id', none), [{ field: 'id', width: 9 }]);
    }
    assert.deepEqual(kept('task_inputs.x'), [{ field: 'task_inputs.x', width: 9 }]);
    assert.deepEqual(chosenColumns(null), defaultColumns);
    assert.equal(gridColumn('task_inputs.x')?.sortable, false);
    assert.equal(
      gridColumn('flow_run.state_name')?.sortable,
      true,
      'a field of the contract, though no column of its own',
    );
    assert.equal(gridColumn('task_inputs')?.label, 'Inputs');
  });

  it('columns that stay in place leave room for those that do not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 40, max: 720 })),
        fc.nat(12),
        fc.integer({ min: 200, max: 4000 }),
        (widths, wanted, space) => {
          const held = heldColumns(widths, wanted, space);
          assert.ok(held <= wanted && held <= widths.length);
          assert.ok(sum(widths.slice(0, held)) <= space * 0.6);
          const next = widths[held];
          if (held < wanted && next !== undefined) assert.ok(sum(widths.slice(0, held + 1)) > space * 0.6);
        },
      ),
    );
  });

  it('mutes the suffix Prefect adds, and only that', () => {
    assert.deepEqual(splitName('load_orders-3f2'), { base: 'load_orders', suffix: '-3f2' });
    assert.deepEqual(splitName('load-orders-0'), { base: 'load-orders', suffix: '-0' });
    assert.deepEqual(splitName('load-orders'), { base: 'load-orders', suffix: '' });
    assert.deepEqual(splitName('-0'), { base: '-0', suffix: '' });
  });

  it('the bar of a duration goes from nothing to full', () => {
    assert.equal(durationShare(0), 0);
    assert.equal(durationShare(1e9), 1);
    assert.ok(durationShare(10) < durationShare(100));
  });
});
