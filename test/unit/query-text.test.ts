/** The query language: whatever tree there is, its text reads back as the same tree; and what people type means what they mean. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fields, stateTypes } from '../../src-main/contract/fields.ts';
import { conditionSchema, TRUE, type Condition } from '../../src-main/contract/query.ts';
import { closest, fieldWords } from '../../src-main/contract/query-text/closest.ts';
import { noNames, type Names } from '../../src-main/contract/query-text/names.ts';
import { parseQuery } from '../../src-main/contract/query-text/parse.ts';
import { printQuery } from '../../src-main/contract/query-text/print.ts';
import '../fixtures/ci-seed.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const C = '33333333-3333-4333-8333-333333333333';
const known = new Map([
  [A, 'nightly-etl'],
  [B, 'prod'],
  [C, 'prod'],
]);
const names: Names = {
  nameOf: (_path, id) => known.get(id) ?? null,
  idsOf: (_path, name) => [...known].filter(([, one]) => one === name).map(([id]) => id),
};

const read = (text: string, options = {}): Condition => {
  const { where, problem } = parseQuery(text, { names, ...options });
  assert.equal(problem, null, `${text}: ${problem?.says}`);
  return where ?? assert.fail();
};
const wrong = (text: string) => {
  const { problem } = parseQuery(text, { names });
  assert.ok(problem, `${text} was read`);
  return [text.slice(problem.at, problem.to), problem.says] as const;
};

// ── every tree of the schema ───────────────────────────────────────────────────────────────────────────────────────────

/** Characters and words that mean something in the language, and any others. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({ unit: fc.constantFrom(...' "\\()~:<>=,+-.#_aZ1\n\té'), maxLength: 8 }),
  fc.constantFrom(
    'none',
    'any',
    'or',
    'and',
    'not',
    'now',
    'has',
    'NOT',
    'in',
    'a..b',
    'prod',
    'nightly-etl',
    A,
    B,
    ...stateTypes,
  ),
);
const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...fieldWords('task_run').filter((word) => word.includes('_'))) },
  { weight: 3, arbitrary: fc.constantFrom(...Object.keys({ ...fields.task_run, ...fields.flow_run })) },
  { weight: 1, arbitrary: text.filter((one) => one !== '') },
);
// JSON, in which trees are kept and sent, has no -0
const number = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.constantFrom(60, 3_600, 86_400, 1.5, 0.1),
  )
  .map((one) => (one === 0 ? 0 : one));
const moment = fc.oneof(
  number,
  fc.integer({ min: 0, max: 253_402_300_799 }).map((seconds) => seconds * 1e6 + 1),
);
const ago = fc.oneof(
  number,
  fc.integer({ min: -500, max: 500 }).map((n) => (n === 0 ? 0 : n * 3_600e6)),
);
const instant = fc.oneof(
  moment,
  ago.map((one) => ({ ago: one })),
);
const scalar = fc.oneof(text, number, moment, fc.boolean());
const texts = fc.array(text, { maxLength: 3 });

const { tree } = fc.letrec<{ tree: Condition }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.record({ field: path, in: fc.array(scalar, { maxLength: 3 }) }),
      fc.record({ field: path, like: text }),
      fc.record({ field: path, contains: text }),
      fc.record({ field: path, from: instant, to: instant }, { requiredKeys: ['field'] }),
      fc.record({ field: path, isNull: fc.boolean() }),
      fc.record({ field: path, all: texts }),
      fc.record({ field: path, any: texts }),
      fc.record({ text }),
    ),
    fc.record({ and: fc.array(tie('tree'), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('tree'), { maxLength: 3 }) }),
    fc.record({ not: tie('tree') }),
    fc.record({
      has: fc.oneof(fc.constantFrom('subflow_runs', 'flow_run', 'task_runs', 'deployments'), text),
      where: tie('tree'),
    }),
  ),
}));
const plain = (one: unknown): unknown => JSON.parse(JSON.stringify(one));

describe('the query language and the condition tree', () => {
  for (const [what, by] of [
    ['without names', noNames],
    ['with names of ids', names],
  ] as const)
    it(`reads back every tree it prints, ${what}`, () => {
      fc.assert(
        fc.property(tree, (where) => {
          conditionSchema.parse(where);
          const printed = printQuery(where, by);
          const { where: again, problem } = parseQuery(printed, { names: by });
          assert.equal(problem, null, `${printed}: ${problem?.says}`);
          assert.deepEqual(plain(again), plain(where), printed);
          assert.doesNotMatch(printed, /[\n\r]/);
        }),
        { numRuns: 3000 },
      );
    });

  it('prints the same after reading what it printed, whatever was typed', () => {
    const typed = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            'state:',
            'failed',
            'tag:',
            'a',
            '+',
            ',',
            '(',
            ')',
            'or',
            'not',
            '-',
            '"b c"',
            '""',
            'duration>',
            '5m',
            'started>-7d',
            ':',
            '..',
            'now',
            '#5',
          ),
          text,
        ),
        { maxLength: 8 },
      )
      .chain((parts) => fc.constantFrom(parts.join(' '), parts.join('')));
    fc.assert(
      fc.property(typed, (input) => {
        const { where, problem } = parseQuery(input, { names });
        if (problem) {
          assert.ok(problem.at >= 0 && problem.at <= input.length && problem.to > problem.at, input);
          return;
        }
        conditionSchema.parse(where);
        const printed = printQuery(where, names);
        assert.equal(printQuery(read(printed), names), printed);
      }),
      { numRuns: 3000 },
    );
  });
});

// ── what people type ───────────────────────────────────────────────────────────────────────────────────────────────────

const HOUR = 3_600e6;

describe('what is typed', () => {
  it('is read as it is meant', () => {
    const cases: [string, Condition[]][] = [
      ['', []],
      ['state:failed,Crashed', [{ field: 'state_type', in: ['FAILED', 'CRASHED'] }]],
      ['state:TimedOut', [{ field: 'state_name', in: ['TimedOut'] }]],
      [
        'state:crashed,Late',
        [
          {
            or: [
              { field: 'state_type', in: ['CRASHED'] },
              { field: 'state_name', in: ['Late'] },
            ],
          },
        ],
      ],
      ['tag:prod', [{ field: 'tags', all: ['prod'] }]],
      ['tag:prod+"on call"', [{ field: 'tags', all: ['prod', 'on call'] }]],
      ['tag:prod,gpu', [{ field: 'tags', any: ['prod', 'gpu'] }]],
      ['tag:none', [{ field: 'tags', isNull: true }]],
      ['name~"extract"', [{ field: 'name', contains: 'extract' }]],
      ['started>-7d', [{ field: 'start_time', from: { ago: 168 * HOUR } }]],
      ['started:-2d..-24h', [{ field: 'start_time', from: { ago: 48 * HOUR }, to: { ago: 24 * HOUR } }]],
      ['expected:2026-11-25T08:00:00Z..', [{ field: 'expected_start_time', from: Date.UTC(2026, 10, 25, 8) * 1000 }]],
      ['duration>5m', [{ field: 'duration', from: 300 }]],
      ['wait:0.5s..1.5h', [{ field: 'wait', from: 0.5, to: 5400 }]],
      [
        'attempts>2 attempts<5',
        [
          { field: 'run_count', from: 3 },
          { field: 'run_count', to: 4 },
        ],
      ],
      ['attempts>=2', [{ field: 'run_count', from: 2 }]],
      ['flow:nightly-etl', [{ field: 'flow_run.flow_id', in: [A] }]],
      ['not deployment:"prod"', [{ not: { field: 'flow_run.deployment_id', in: [B, C] } }]],
      ['flow:unheard-of', [{ field: 'flow_run.flow.name', in: ['unheard-of'] }]],
      ['connection reset', [{ text: 'connection reset' }]],
      ['"a" b -c', [{ text: 'a' }, { text: 'b' }, { not: { text: 'c' } }]],
      ['12:30 x', [{ text: '12:30 x' }]],
      ['has:subflow_runs', [{ has: 'subflow_runs', where: TRUE }]],
      [
        'has:subflow_runs(state:failed)',
        [{ has: 'subflow_runs', where: { and: [{ field: 'state_type', in: ['FAILED'] }] } }],
      ],
      [
        'a (tag:x or duration>=1h)',
        [
          { text: 'a' },
          {
            or: [
              { field: 'tags', all: ['x'] },
              { field: 'duration', from: 3600 },
            ],
          },
        ],
      ],
      ['a AND b', [{ text: 'a' }, { text: 'b' }]],
      ['flow_run.flow.tags:any(x)', [{ field: 'flow_run.flow.tags', any: ['x'] }]],
      ['name:like(x%)', [{ field: 'name', like: 'x%' }]],
    ];
    for (const [input, and] of cases) assert.deepEqual(read(input), { and }, input);
    assert.deepEqual(read('a or not b c'), {
      or: [{ text: 'a' }, { and: [{ not: { text: 'b' } }, { text: 'c' }] }],
    });
  });

  it('a moment without a zone is read by the window', () => {
    const local = (moment: string) => (moment === '2026-11-25T00:00' ? 7 : null);
    assert.deepEqual(read('started>=2026-11-25', { local }), { and: [{ field: 'start_time', from: 7 }] });
  });

  it('usual filters are printed as they would be typed', () => {
    const where: Condition = {
      and: [
        { field: 'state_type', in: ['FAILED', 'CRASHED'] },
        { not: { field: 'flow_run.flow_id', in: [A] } },
        { field: 'flow_run.deployment_id', in: [B] },
        { field: 'tags', all: ['prod', 'on call'] },
        { field: 'start_time', from: { ago: 24 * HOUR } },
        { field: 'duration', from: 300, to: 5400 },
        { text: 'reset' },
        {
          or: [
            { field: 'end_time', isNull: true },
            { field: 'run_count', from: 3 },
          ],
        },
      ],
    };
    assert.equal(
      printQuery(where, names),
      `state:failed,crashed not flow:nightly-etl deployment:${B} tag:prod+"on call" started>=-1d duration:5m..90m "reset" (ended:none or attempts>=3)`,
    );
  });

  it('what is wrong is pointed at, with what would fit', () => {
    assert.deepEqual(wrong('x stat:failed'), ['stat', 'No field is called stat. Did you mean state or state_type?']);
    assert.deepEqual(wrong('duration>5x'), ['5x', 'Expected a span, such as 90s, 5m or 1.5h']);
    assert.deepEqual(wrong('started>soon'), ['soon', 'Expected a time, such as -7d, now or 2026-11-25T08:00']);
    assert.deepEqual(wrong('attempts:many'), ['many', 'Expected a number']);
    assert.match(wrong('started:-7d')[1], /Write start_time>=-7d/);
    assert.match(wrong('name>5')[1], /name has no order/);
    assert.deepEqual(wrong('a (tag:x')[0], '(');
    assert.match(wrong('tag:x) b')[1], /No parenthesis is open/);
    assert.deepEqual(wrong('name:"abc')[0], '"abc');
    assert.match(wrong('tag:a+b,c')[1], /not both/);
    assert.match(wrong('flow:none,x')[1], /none stands alone/);
    assert.match(wrong('a or')[1], /Expected a condition/);
    assert.match(wrong('state:')[1], /Expected a value/);
    assert.match(wrong('has:friends')[1], /Expected what it has/);
    assert.match(wrong('http://x')[1], /put them in quotes/);
  });

  it('knows fields that are nearly right', () => {
    assert.deepEqual(closest('taks', 'task_run'), ['task', 'tags']);
    assert.deepEqual(closest('zzzzzz', 'task_run'), []);
  });
});
