import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { TRUE, type Facet } from '../../src-main/contract/query.ts';
import { stateTypes } from '../../src-main/contract/fields.ts';
import { conjuncts } from '../../src-renderer/state/filters/conditions.ts';
import { portionsOf } from '../../src-renderer/state/question/facet-portions.ts';
import {
  failuresAlone,
  readStates,
  toggleName,
  toggleType,
  typeOfName,
  writeStates,
  type StateChoice,
} from '../../src-renderer/state/filters/state-choice.ts';
import { stateRows } from '../../src-renderer/state/filters/state-rows.ts';
import { stateLook, stateOrder } from '../../src-renderer/state-look.ts';

const none: StateChoice = { include: { types: [], names: [] }, exclude: { types: [], names: [] } };
const facet = (field: string, counts: Record<string, number>): Facet => ({
  field,
  values: Object.entries(counts).map(([value, count]) => ({ value, label: value, count })),
  distinct: Object.keys(counts).length,
});

describe('states of the panel', () => {
  it('types and names add up to one OR', () => {
    let choice = toggleType(none, 'CRASHED', ['Crashed'], 'include');
    choice = toggleName(choice, 'FAILED', 'TimedOut', 'include');
    const where = writeStates({ text: 'x' }, choice);
    assert.deepEqual(conjuncts(where), [
      {
        or: [
          { field: 'state_type', in: ['CRASHED'] },
          { field: 'state_name', in: ['TimedOut'] },
        ],
      },
      { text: 'x' },
    ]);
    assert.deepEqual(readStates(where), choice);
  });

  it('a name inside an included type narrows to it; the type takes its names back', () => {
    const whole = toggleType(none, 'FAILED', ['Failed', 'TimedOut'], 'include');
    const narrow = toggleName(whole, 'FAILED', 'TimedOut', 'include');
    assert.deepEqual(narrow.include, { types: [], names: ['TimedOut'] });
    assert.deepEqual(toggleType(narrow, 'FAILED', ['Failed', 'TimedOut'], 'include').include, {
      types: ['FAILED'],
      names: [],
    });
  });

  it('excluding is one not, and both sides come back', () => {
    const choice = toggleName(toggleType(none, 'COMPLETED', [], 'exclude'), 'FAILED', 'TimedOut', 'exclude');
    const where = writeStates(TRUE, choice, 'flow_run.');
    assert.deepEqual(readStates(where, 'flow_run.'), choice);
    assert.deepEqual(readStates(where), none);
  });

  it('lists types with their names, usual ones even at zero, custom names under their type', () => {
    const rows = stateRows(
      facet('state_type', { COMPLETED: 9, FAILED: 3, NEW_ONE: 1 }),
      facet('state_name', { Completed: 9, Failed: 1, 'Broken pipe': 2 }),
      none,
      (name) => (name === 'Broken pipe' ? 'FAILED' : typeOfName(name)),
    );
    assert.deepEqual(
      rows.find((row) => row.type === 'FAILED')?.names.map(({ name }) => name),
      ['Broken pipe', 'Failed'],
    );
    assert.deepEqual(rows.find((row) => row.type === 'COMPLETED')?.names, []);
    assert.equal(rows.find((row) => row.type === 'CRASHED')?.count, 0);
    assert.ok(!rows.some((row) => row.type === 'PAUSED'));
    assert.equal(rows.at(-1)?.type, 'NEW_ONE');
  });

  it('a name that flows give to failed states too has no type before the archive says it', () => {
    for (const name of ['RolledBack', 'Skipped', 'Broken pipe']) assert.equal(typeOfName(name), null, name);
    assert.equal(typeOfName('TimedOut'), 'FAILED');
  });

  it('names that were there keep their lines at zero, so that what is below stays where it is', () => {
    const types = facet('state_type', { FAILED: 3 });
    const before = stateRows(types, facet('state_name', { Failed: 1, TimedOut: 2 }), none, typeOfName);
    const met = ['Failed', 'TimedOut'];
    const after = stateRows(facet('state_type', {}), facet('state_name', {}), none, typeOfName, met);
    const lines = (rows: typeof before) => rows.map(({ type, names }) => [type, names.length]);
    assert.deepEqual(lines(after), lines(before));
    assert.deepEqual(after.find(({ type }) => type === 'FAILED')?.names, [
      { name: 'Failed', count: 0 },
      { name: 'TimedOut', count: 0 },
    ]);
    const turned = stateRows(types, facet('state_name', { Failed: 1, TimedOut: 2 }), none, typeOfName, met);
    assert.deepEqual(
      turned.find(({ type }) => type === 'FAILED')?.names.map(({ name }) => name),
      met,
    );
  });

  it('every type has a look of its own: no two share a shape', () => {
    const shapes = stateTypes.map((type) => stateLook(type).shape);
    assert.equal(new Set(shapes).size, stateTypes.length);
    assert.deepEqual([...stateOrder].sort(), [...stateTypes].sort());
    assert.equal(stateLook('FROM_THE_FUTURE').label, 'FROM_THE_FUTURE');
  });
});

describe('a list of failures alone', () => {
  it('is one whose states or failures say so', () => {
    const failed = { field: 'state_type', in: ['FAILED', 'CRASHED'] };
    assert.ok(failuresAlone(failed) && failuresAlone({ and: [{ field: 'failure', in: ['x'] }, { text: 'a' }] }));
    for (const where of [
      TRUE,
      { not: failed },
      { or: [failed, { field: 'state_name', in: ['Cached'] }] },
      { field: 'state_type', in: ['FAILED', 'RUNNING'] },
    ])
      // prettier-ignore
      assert.ok(!failuresAlone(where));
  });
});

describe('facets asked together', () => {
  const request = (field: string) => ({ field, limit: 5 });

  it('go with the question, in one call', () => {
    assert.deepEqual(portionsOf([]), [[]]);
    const few = ['state_type', 'state_name', 'tags'].map(request);
    assert.deepEqual(portionsOf(few), [few]);
  });

  it('never more than 16 in a call, each once', () => {
    const many = Array.from({ length: 40 }, (_, i) => request(`f${i}`));
    const portions = portionsOf(many);
    assert.deepEqual(
      portions.map((one) => one.length),
      [16, 16, 8],
    );
    assert.deepEqual(portions.flat(), many);
  });
});
