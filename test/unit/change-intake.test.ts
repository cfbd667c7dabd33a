import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChangeIntake } from '../../src-main/core/workers/change-intake.ts';
import type { Change } from '../../src-main/store/columns.ts';
import '../fixtures/ci-seed.ts';

const changed = (batch: number, ...rids: number[]): Change => ({ batch, changed: { task_run: rids }, removed: {} });

test('the first commit is taken in at once, those that follow together, and after a pause the next at once again', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const taken: Change[] = [];
  const intake = new ChangeIntake((change) => taken.push(change));
  intake.add(changed(1, 5));
  assert.deepEqual(taken, [changed(1, 5)]);
  intake.add(changed(2, 6, 7));
  intake.add(changed(3, 7, 8));
  assert.equal(taken.length, 1);
  t.mock.timers.tick(250);
  assert.deepEqual(taken.at(-1), changed(3, 6, 7, 8));
  t.mock.timers.tick(250);
  intake.add(changed(4, 9));
  assert.deepEqual(taken.at(-1), changed(4, 9));
  assert.equal(taken.length, 3);
});

test('whoever waits for a commit, or very many rows, do not wait', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const taken: number[] = [];
  const intake = new ChangeIntake(({ batch }) => taken.push(batch));
  intake.add(changed(1, 1));
  intake.add(changed(2, 2));
  intake.now();
  assert.deepEqual(taken, [1, 2]);
  intake.now();
  assert.deepEqual(taken, [1, 2], 'nothing is taken in twice');
  intake.add(changed(3, ...Array.from({ length: 2000 }, (_, rid) => rid)));
  assert.deepEqual(taken, [1, 2, 3]);
});

test('however commits and pauses fall, what is there in the end is what the commits say one by one', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rid = fc.nat(30);
  const step = fc.oneof(
    fc.record({ changed: fc.uniqueArray(rid, { maxLength: 5 }), removed: fc.uniqueArray(rid, { maxLength: 2 }) }),
    fc.nat(400),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [there, meant] = [new Set<number>(), new Set<number>()];
      const [texts, meantTexts] = [new Set<number>(), new Set<number>()];
      let last = 0;
      const intake = new ChangeIntake((change) => {
        assert.ok(change.batch > last);
        last = change.batch;
        for (const rid of change.changed.task_run ?? []) there.add(rid);
        for (const rid of change.removed.task_run ?? []) there.delete(rid);
        for (const rid of change.texts === 'all' ? [] : (change.texts ?? [])) texts.add(rid);
      });
      let batch = 0;
      const gone = new Set<number>();
      for (const one of steps) {
        if (typeof one === 'number') {
          t.mock.timers.tick(one);
          continue;
        }
        // a row number is never given twice: what was removed does not come back
        const fresh = one.changed.filter((rid) => !gone.has(rid));
        const left = one.removed.filter((rid) => !gone.has(rid) && !fresh.includes(rid));
        for (const rid of fresh) meant.add(rid);
        for (const rid of left) meant.delete(rid);
        for (const rid of left) gone.add(rid);
        for (const rid of fresh.slice(0, 2)) meantTexts.add(rid);
        intake.add({
          ...{ batch: ++batch, changed: { task_run: fresh }, removed: { task_run: left } },
          texts: fresh.slice(0, 2),
        });
      }
      intake.now();
      assert.deepEqual([...there].sort(), [...meant].sort());
      assert.deepEqual([...texts].sort(), [...meantTexts].sort());
      assert.equal(last, batch);
    }),
    { numRuns: 300 },
  );
});
