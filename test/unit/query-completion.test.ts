/** What is offered where one types in a query. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { completionPlace } from '../../src-main/contract/query-text/completion.ts';
import { countedFields, countedOffers, knownOffers } from '../../src-renderer/state/question/offers.ts';
import { offerAt } from '../../src-renderer/ui/offer-keys.ts';
import '../fixtures/ci-seed.ts';

/** `|` is the cursor. */
const at = (marked: string) => {
  const cursor = marked.indexOf('|');
  return completionPlace(marked.replace('|', ''), cursor);
};
const offered = (marked: string) => {
  const place = at(marked);
  return place ? knownOffers(place).map((offer) => offer.text) : null;
};

describe('completion of a query', () => {
  it('knows what is typed at the cursor and what a completion replaces', () => {
    assert.deepEqual(at('state:fai|led x'), {
      what: 'value',
      path: 'state_type',
      quoted: false,
      at: 6,
      to: 12,
      typed: 'fai',
    });
    assert.deepEqual(at('tag:a+|'), { what: 'value', path: 'tags', quoted: false, at: 6, to: 6, typed: '' });
    assert.equal(at('flow:"night|')?.typed, 'night');
    assert.deepEqual(at('a or st|'), { what: 'field', scope: 'task_run', at: 5, to: 7, typed: 'st' });
    assert.equal(at('has:sub|')?.what, 'relation');
    assert.equal(at('has:subflow_runs(sta|')?.what, 'field');
    assert.equal(at('|')?.what, 'field');
  });

  it('offers fields with what usually follows them, each once', () => {
    assert.deepEqual(offered('sta|')?.slice(0, 2), ['state:', 'started>=']);
    assert.ok(!offered('sta|')?.includes('state_type:'));
    assert.ok(offered('durat|')?.includes('duration>='));
    assert.deepEqual(offered('zzzz|'), []);
  });

  it('offers what is known of a value, and counts come first', () => {
    assert.deepEqual(offered('state:fa|'), ['failed']);
    assert.deepEqual(offered('started>=-|'), ['-1h', '-24h', '-7d', '-30d']);
    assert.deepEqual(countedFields(at('state:|') ?? assert.fail()), ['state_type', 'state_name']);
    assert.deepEqual(countedFields(at('name~|') ?? assert.fail()), []);
    assert.deepEqual(countedFields(at('flow_run.flow.name~|') ?? assert.fail()), ['flow_run.flow_id']);
    const retried = {
      field: 'flow_run.deployment.paused',
      values: [{ value: 'true', label: 'true', count: 3 }],
      distinct: 1,
    };
    assert.deepEqual(countedOffers([retried], []), [{ text: 'yes', label: 'yes', aside: '3' }]);
    const facet = {
      field: 'state_type',
      values: [
        { value: 'FAILED', label: 'FAILED', count: 7 },
        { value: null, label: '', count: 2 },
      ],
      distinct: 1,
    };
    const names = { field: 'state_name', values: [{ value: 'Failed', label: 'Failed', count: 6 }], distinct: 1 };
    assert.deepEqual(
      countedOffers([facet, names], knownOffers(at('state:|') ?? assert.fail()))
        .map(({ text, aside }) => `${text} ${aside}`)
        .slice(0, 2),
      ['failed 7', 'scheduled '],
    );
  });

  it('goes through what is offered and comes back to the field, or round where one is always chosen', () => {
    const walk = (key: string, from: number, free: boolean) => {
      const places = [from];
      for (let i = 0; i < 4; i++) places.push(offerAt(key, places.at(-1) ?? 0, 3, free) ?? NaN);
      return places;
    };
    assert.deepEqual(walk('ArrowDown', -1, true), [-1, 0, 1, 2, -1]);
    assert.deepEqual(walk('ArrowUp', -1, true), [-1, 2, 1, 0, -1]);
    assert.deepEqual(walk('ArrowDown', 0, false), [0, 1, 2, 0, 1]);
    assert.deepEqual(walk('ArrowUp', 0, false), [0, 2, 1, 0, 2]);
    assert.deepEqual([offerAt('PageDown', 0, 3, true), offerAt('PageUp', 20, 30, false)], [2, 12]);
    assert.deepEqual([offerAt('ArrowDown', -1, 0, true), offerAt('Enter', 0, 3, true)], [null, null]);
  });

  it('never looks beyond the text, whatever it is', () => {
    const text = fc.string({ unit: fc.constantFrom(...' "()~:<>=,+-.#a1'), maxLength: 12 });
    fc.assert(
      fc.property(text, fc.nat(12), (query, cursor) => {
        const within = Math.min(cursor, query.length);
        const place = completionPlace(query, within);
        if (place)
          assert.ok(place.at >= 0 && place.at <= within && place.to >= within && place.to <= query.length, query);
      }),
      { numRuns: 2000 },
    );
  });
});
