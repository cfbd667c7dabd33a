/** What an archive keeps and what goes: the form, and the words before anything is deleted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { retentionSchema, removalSchema, type Retention, type Removal } from '../../src-main/contract/sync.ts';
import {
  boundWords,
  formRetention,
  goingWords,
  retentionForm,
  retentionProblems,
  nextToGoWords,
  previewWords,
  sameRetention,
  saveWords,
} from '../../src-renderer/state/workspace/retention-form.ts';
import '../fixtures/ci-seed.ts';

describe('retention', () => {
  const plain = { count: String, day: (at: number) => `day ${at}`, bytes: (n: number) => `${n} B` };
  const removal = (change: Partial<Removal>): Removal =>
    removalSchema.parse({ before: null, task_runs: 0, flow_runs: 0, gone: 0, bytes: 0, ...change });

  it('a form shows a retention and gives it back', () => {
    const retention: fc.Arbitrary<Retention> = fc.record({
      gone: fc.constantFrom('keep', 'drop'),
      max_days: fc.option(fc.integer({ min: 1, max: 10_000 })),
      // to the MB: finer is no person's wish
      max_bytes: fc.option(fc.integer({ min: 1, max: 10_000_000 }).map((n) => n * 1_000_000)),
    });
    fc.assert(
      fc.property(retention, (one) => {
        const back = formRetention(retentionForm(one));
        assert.ok(back && sameRetention(back, one), JSON.stringify([one, back]));
        retentionSchema.parse(back);
      }),
    );
  });

  it('says what is wrong with a number, only where it counts', () => {
    const form = retentionForm(retentionSchema.parse({}));
    assert.deepEqual(retentionProblems({ ...form, days: 'x', gigabytes: '' }), {});
    for (const days of ['', '0', '-1', '1.5', 'x'])
      assert.ok(retentionProblems({ ...form, byAge: true, days }).days, days);
    for (const gigabytes of ['', '0', '-1', 'x'])
      assert.ok(retentionProblems({ ...form, bySize: true, gigabytes }).gigabytes, gigabytes);
    assert.equal(formRetention({ ...form, bySize: true, gigabytes: '' }), null);
  });

  it('says what goes, and the button says how many', () => {
    const some = removal({ before: 3, task_runs: 12551, gone: 120, flow_runs: 312, bytes: 6 });
    assert.equal(
      previewWords(some, plain),
      'Deletes 12431 runs that started before day 3, 120 that the server no longer has and 312 flow runs, about 6 B. This cannot be undone.',
    );
    assert.equal(saveWords(some, plain), 'Delete 12551 runs');
    assert.equal(
      previewWords(removal({ task_runs: 1, gone: 1 }), plain),
      'Deletes 1 run that the server no longer has. This cannot be undone.',
    );
    assert.equal(previewWords(removal({}), plain), 'Nothing is deleted now.');
    assert.equal(saveWords(removal({}), plain), 'Save');
    assert.equal(saveWords(removal({ flow_runs: 1 }), plain), 'Delete 1 flow run');
  });

  it('says what is kept and what goes next by itself', () => {
    const say = { count: String, day: (at: number) => `day ${at}`, bytes: (n: number) => `${n} B` };
    const retention = (change: Partial<Retention>) => boundWords(retentionSchema.parse(change), say);
    assert.equal(retention({}), null);
    assert.equal(retention({ max_days: 1 }), 'the last day');
    assert.equal(retention({ max_days: 90, max_bytes: 5 }), 'the last 90 days, at most 5 B');
    const nothing = removalSchema.parse({ before: null, task_runs: 0, flow_runs: 0, gone: 0, bytes: 0 });
    assert.equal(nextToGoWords(nothing, say), 'nothing here is beyond that');
    assert.equal(
      nextToGoWords({ ...nothing, before: 3, task_runs: 12 }, say),
      'deleted within the hour: 12 runs that started before day 3',
    );
  });

  it('never calls a deletion “Save”', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (old, gone, flow_runs) => {
        const one = removal({ task_runs: old + gone, gone, flow_runs });
        assert.equal(goingWords(one, plain) === null, saveWords(one, plain) === 'Save');
      }),
    );
  });
});
