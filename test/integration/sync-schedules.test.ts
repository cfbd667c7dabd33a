/**
 * Random schedules against the demo server over real HTTP: everything that may happen to rows, requests, routes, clocks, the server and the
 * app (test/fixtures/schedule-steps.ts). When it is quiet, one sync that compares makes the archive equal to the server; so does a day of
 * passes by the clock, which is tried now and then. What is new after that is here with the next pass.
 * `TASKSCOPE_SCHEDULES` sets how many (300 in CI, thousands by hand), `TASKSCOPE_SCHEDULE_SEED` repeats a run; a failure is shrunk and prints its path.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { step, struck, wanted } from '../fixtures/schedule-steps.ts';
import { World } from '../fixtures/schedule-world.ts';
import { seedOf } from '../fixtures/ci-seed.ts';

const SCHEDULES = Number(process.env['TASKSCOPE_SCHEDULES'] ?? (process.env['CI'] ? 200 : 150));
const SEED = seedOf('TASKSCOPE_SCHEDULE_SEED');

/** By turns: a day of passes instead of one comparison. `cured`: the poisoned rows are readable in the end. */
const ending = fc.record({ turns: fc.nat({ max: 24 }).map((n) => n === 24), cured: fc.boolean() });

test(`${SCHEDULES} schedules of changes and faults: equal to the server once it is quiet`, async (t) => {
  t.diagnostic(`TASKSCOPE_SCHEDULE_SEED=${SEED}`);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 40 }), ending, (steps, { turns, cured }) =>
      World.open(async (world) => {
        for (const one of steps) await world.take(one);
        world.quiet(cured || turns);
        if (turns) await world.day();
        else await world.sync({ verify: true });
        world.assertEqual();
        await world.assertFresh();
      }),
    ),
    { numRuns: SCHEDULES, seed: SEED },
  );
  t.diagnostic([...struck].map(([what, times]) => `${what} ${times}`).join(', '));
  if (SCHEDULES >= 100) for (const what of wanted) assert.ok(struck.get(what), `${what} never occurred`);
});
