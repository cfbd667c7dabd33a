/** The way back through changes of what the list shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Acts, Steps } from '../../src-renderer/state/question/steps.ts';
import '../fixtures/ci-seed.ts';

type Step = { filter: number; text: string };
const steps = () =>
  new Steps<Step>(
    (step) => JSON.stringify(step),
    (last, next) => (last.filter === next.filter ? 'text' : null),
  );

test('whatever was asked, the way back leads through it and the way forth to it again', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 60 }), (filters) => {
      const all = steps();
      const asked: number[] = [];
      for (const filter of filters) {
        all.note({ filter, text: '' });
        if (asked.at(-1) !== filter) asked.push(filter);
      }
      const back: number[] = [];
      for (let at = all.back(); at; at = all.back()) {
        back.unshift(at.filter);
        all.note(at); // shown again, it is noted again
      }
      assert.deepEqual([...back, asked.at(-1)], asked);
      for (const filter of asked.slice(1)) assert.equal(all.forth()?.filter, filter);
      assert.equal(all.forth(), null);
    }),
  );
});

test('a search is one step however many letters it has, and does not take the step before it along', () => {
  const all = steps();
  for (const text of ['', 'e', 'er', 'err']) all.note({ filter: 1, text });
  all.note({ filter: 2, text: 'err' });
  for (const text of ['erro', 'error']) all.note({ filter: 2, text });
  assert.deepEqual(all.back(), { filter: 2, text: 'err' });
  assert.deepEqual(all.back(), { filter: 1, text: 'err' });
  assert.deepEqual(all.back(), { filter: 1, text: '' });
  assert.equal(all.back(), null);
});

test('changes of one thing are a step, and changes of another begin the next', () => {
  const kinds = ['text', 'widths'] as const;
  type Two = Record<(typeof kinds)[number], number>;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...kinds), { maxLength: 40 }), (changes) => {
      const all = new Steps<Two>(
        (step) => JSON.stringify(step),
        (last, next) => kinds.find((kind) => kinds.every((one) => one === kind || last[one] === next[one])) ?? null,
      );
      let now: Two = { text: 0, widths: 0 };
      all.note(now);
      const expected: Two[] = [];
      changes.forEach((kind, at) => {
        if (kind !== changes[at - 1]) expected.unshift(now);
        now = { ...now, [kind]: now[kind] + 1 };
        all.note(now);
      });
      const back: Two[] = [];
      for (let at = all.back(); at; at = all.back()) back.push(at);
      assert.deepEqual(back, expected);
    }),
  );
});

test('what comes after going back replaces what was gone back from, and the history has an end', () => {
  const all = steps();
  for (let filter = 0; filter < 300; filter += 1) all.note({ filter, text: '' });
  let count = 0;
  while (all.back()) count += 1;
  assert.equal(count, 100);
  all.note({ filter: -1, text: '' });
  assert.equal(all.forth(), null);
});

test('whatever was done, in whatever order, the last of it is taken back first', () => {
  const what = fc.constantFrom('act', 'back', 'forth');
  fc.assert(
    fc.property(fc.array(what, { maxLength: 60 }), (gestures) => {
      const acts = new Acts();
      const state: number[] = [];
      let future: number[] = [];
      let next = 0;
      const seen: number[] = [];
      for (const gesture of gestures) {
        if (gesture === 'act') {
          const one = next++;
          seen.push(one);
          acts.did({ back: () => void seen.pop(), forth: () => void seen.push(one) });
          state.push(one);
          future = [];
        } else if (gesture === 'back') {
          const one = state.pop();
          if (one !== undefined) future.push(one);
          acts.back();
        } else {
          const one = future.pop();
          if (one !== undefined) state.push(one);
          acts.forth();
        }
        assert.deepEqual(seen, state);
      }
    }),
  );
});
