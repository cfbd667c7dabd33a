/** A question of any size is answered or refused in words, in memory that its own size bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_DEPTH, MAX_ITEMS, tooLarge } from '../../src-main/contract/condition-size.ts';
import { conditionSchema, querySchema, type Condition } from '../../src-main/contract/query.ts';
import { contract } from '../../src-main/contract/calls.ts';
import { call } from '../../src-main/contract/define.ts';
import { serve } from '../../src-main/rpc/rpc.ts';
import { z } from 'zod';
import { anyCondition } from '../fixtures/arbitrary-condition.ts';
import '../fixtures/ci-seed.ts';

const one: Condition = { field: 'name', contains: 'x' };
const many = (count: number, condition: Condition = one): Condition[] => Array.from({ length: count }, () => condition);
const nested = (levels: number): Condition => {
  let where: Condition = one;
  for (let i = 1; i < levels; i++) where = { not: where };
  return where;
};
const words = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(' ');

const bounds: [string, Condition, Condition][] = [
  ['1,000 conditions', { or: many(999) }, { or: many(1000) }],
  [`${MAX_DEPTH} levels of nesting`, nested(MAX_DEPTH), nested(MAX_DEPTH + 1)],
  [
    '200,000 values in its lists',
    { field: 'id', in: Array.from({ length: MAX_ITEMS }, () => 'a') },
    { field: 'id', in: Array.from({ length: MAX_ITEMS + 1 }, () => 'a') },
  ],
  [
    '100 words to search for',
    { and: [{ text: words(60) }, { log: words(40) }] },
    { and: [{ text: words(60) }, { log: words(41) }] },
  ],
];

for (const [name, within, beyond] of bounds)
  test(`a question may have ${name}, not one more`, () => {
    assert.deepEqual(conditionSchema.parse(within), within);
    const { error } = conditionSchema.safeParse(beyond);
    assert.deepEqual(
      error?.issues.map(({ message }) => message),
      [`The question has more than ${name}`],
    );
  });

test('300,000 conditions are refused before any of them is read, by a call too, in words alone', async () => {
  let read = 0;
  const trap = Object.defineProperty({ field: 'name' }, 'contains', {
    enumerable: true,
    get: () => ((read += 1), 'x'),
  }) as unknown as Condition;
  const replies: { t: string; error?: { code: string; message: string; details: object } }[] = [];
  let receive: (frame: unknown) => void = () => undefined;
  const stop = serve(
    { ask: call(querySchema, z.null()) },
    { ask: () => Promise.resolve(null) },
    {
      send: (frame) => void replies.push(frame as (typeof replies)[number]),
      onMessage: (listener) => (receive = listener),
      onClose: () => undefined,
      close: () => undefined,
    },
  );
  receive({ t: 'call', id: 1, name: 'ask', input: { where: { or: many(300_000, trap) }, sort: [] } });
  await new Promise((resolve) => setImmediate(resolve));
  stop();
  const { code, message } = replies[0]?.error ?? {};
  assert.deepEqual([code, message], ['BAD_INPUT', 'The question has more than 200,000 values in its lists']);
  assert.equal(read, 0);
});

test('lists of 200,000 values of the wrong kind are refused at the first of them', () => {
  let looked = 0;
  const list = (item: unknown) =>
    new Proxy(
      Array.from({ length: MAX_ITEMS }, () => item),
      {
        get: (target, key) => {
          if (typeof key === 'string' && /^\d+$/.test(key)) looked += 1;
          return Reflect.get(target, key) as unknown;
        },
      },
    );
  for (const where of [
    { and: list(null) },
    { or: list('x') },
    { and: list({}) },
    { field: 'id', in: list(null) },
    { field: 'id', in: list({}) },
    { field: 'tags', all: list(1) },
    { field: 'tags', any: list([]) },
  ]) {
    looked = 0;
    const { error } = conditionSchema.safeParse(where);
    assert.equal(error?.issues.length, 1, Object.keys(where).join());
    assert.ok(looked < MAX_ITEMS / 10, `${looked} items were looked at`);
  }
});

test('every list and record that a call takes has a bound, so that nobody looks through 200,000 entries to refuse them', () => {
  const unbounded = (schema: unknown, path: string): string[] => {
    if (typeof schema !== 'object' || schema === null) return [];
    const { type, maxItems, additionalProperties } = schema as Record<string, unknown>;
    const isOpen =
      (type === 'array' && maxItems === undefined) ||
      (typeof additionalProperties === 'object' && additionalProperties !== null);
    return [
      ...(isOpen ? [path] : []),
      ...Object.entries(schema).flatMap(([key, inner]) => unbounded(inner, `${path}/${key}`)),
    ];
  };
  const found = Object.entries(contract).flatMap(([name, { input }]) =>
    unbounded(z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }), name),
  );
  assert.deepEqual(found, []);
  const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`k${i}`, i]));
  const { error } = contract['settings.update'].input.safeParse({ default_presets: many });
  assert.deepEqual(
    error?.issues.map(({ message }) => message),
    ['more than 1000 entries'],
  );
});

test('any JSON is measured without an error, and what a person asks is within the bounds', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => tooLarge(value) === null));
  fc.assert(fc.property(anyCondition, (where) => tooLarge(where) === null));
});
