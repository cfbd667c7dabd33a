/** A view as text: what is written reads back as the same view, and what is not one is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  flowRunTabSchema,
  linkOf,
  placeInLink,
  placeSchema,
  readPlace,
  writePlace,
  type Place,
} from '../../src-main/contract/place.ts';
import { defaultSort, TRUE } from '../../src-main/contract/query.ts';
import { A, anyCondition, anyText, B } from '../fixtures/arbitrary-condition.ts';
import '../fixtures/ci-seed.ts';

const text = anyText.filter((one) => one !== '');
const id = fc.constantFrom(A, B);
const dir = fc.constantFrom('asc' as const, 'desc' as const);
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });

const anyPlace: fc.Arbitrary<Place> = fc
  .record({
    view: fc.oneof(
      fc.constant({ kind: 'runs' as const }),
      fc.record({ kind: fc.constant('flow_run' as const), id, tab: fc.constantFrom(...flowRunTabSchema.options) }),
      fc.record({ kind: fc.constant('task' as const), key: text }),
    ),
    workspace: maybe(text),
    query: fc.record({
      where: anyCondition,
      sort: fc.oneof(fc.constant(defaultSort), fc.array(fc.record({ field: text, dir }), { maxLength: 8 })),
    }),
    group: maybe(
      fc.record({
        field: text,
        time: maybe(fc.constantFrom('day' as const, 'hour' as const)),
        sort: fc.record({ by: fc.constantFrom('label' as const, 'p95' as const, 'failed_share' as const), dir }),
      }),
    ),
    columns: maybe(fc.array(text, { minLength: 1, maxLength: 4 })),
    frozen: fc.nat(100),
    preset: maybe(text),
    run: maybe(id),
  })
  .map((place) => ({ ...place, frozen: place.columns ? place.frozen : 0 }));

const plain = (one: unknown): unknown => JSON.parse(JSON.stringify(one));
const start: Place = {
  view: { kind: 'runs' },
  workspace: null,
  query: { where: TRUE, sort: defaultSort },
  group: null,
  columns: null,
  frozen: 0,
  preset: null,
  run: null,
};

describe('a view as text', () => {
  it('has a task of any name, also one that is a way up in a path', () => {
    for (const key of ['.', '..', '../x', '/', '%2e', '?', '#'])
      assert.deepEqual(
        readPlace(new URL(linkOf(writePlace({ ...start, view: { kind: 'task', key } }))).href.slice(16)),
        {
          ...start,
          view: { kind: 'task', key },
        },
      );
  });

  it('reads back whatever it writes, also from an address and from a link', () => {
    fc.assert(
      fc.property(anyPlace, (place) => {
        placeSchema.parse(place);
        const written = writePlace(place);
        assert.match(written, /^\/[\x21-\x7e]*$/);
        assert.deepEqual(plain(readPlace(written)), plain(place), written);
        // a browser spells some characters of an address in its own way
        const address = new URL(`http://localhost/#${written}`);
        assert.deepEqual(plain(readPlace(address.hash.slice(1))), plain(place), address.href);
        assert.equal(placeInLink(linkOf(written)), written);
        assert.equal(placeInLink(new URL(linkOf(written)).href), written);
      }),
      { numRuns: 400 },
    );
  });

  it('is short and readable', () => {
    assert.equal(writePlace(start), '/runs?');
    const failed: Place = {
      ...start,
      workspace: 'prod eu',
      query: {
        where: { and: [{ field: 'state_type', in: ['FAILED', 'CRASHED'] }] },
        sort: [{ field: 'end_time', dir: 'desc' }],
      },
      run: A,
    };
    assert.equal(writePlace(failed), `/runs?in=prod+eu&q=state:failed,crashed&sort=-end_time&run=${A}`);
    assert.deepEqual(readPlace('/runs'), start);
  });

  it('refuses what no window can show', () => {
    const refused = [
      '',
      'a-ticket',
      '/',
      '/runs/1?',
      '/flow-runs?of=1',
      `/flow-runs/${A}`,
      '/flow-runs?',
      '/tasks?of=',
      '/tasks/../runs?',
      '/settings?',
      '/runs?q=nosuchfield:1',
      '/runs?q=(',
      `/runs?q=${'('.repeat(100_000)}`,
      '/runs?run=1',
      '/runs?sort=%25',
      '/runs?columns=',
      '/runs?group=tags,week,-runs',
      '/runs?group=tags,,-price',
      `/runs?sort=${Array(9).fill('name').join(',')}`,
      '/tasks?of=x&sort=%25',
    ];
    for (const one of refused) assert.equal(readPlace(one), null, one.slice(0, 80));
    for (const one of ['taskscope://open', 'taskscope://run/x', 'taskscope://open/exec?q=1', 'https://open/runs?'])
      assert.equal(placeInLink(one), null, one);
  });

  it('is read from any text without a throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          anyText.map((one) => `/runs?q=${one}`),
          anyText.map((one) => `/tasks?of=${one}&sort=${one}`),
        ),
        (one) => {
          const place = readPlace(one);
          if (place) assert.deepEqual(plain(readPlace(writePlace(place))), plain(place));
        },
      ),
    );
  });
});
