/** The query language: whatever tree there is, its text reads back as the same tree; and what people type means what they mean. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { conditionSchema, TRUE, type Condition } from '../../src-main/contract/query.ts';
import { closest } from '../../src-main/contract/query-text/closest.ts';
import { noNames, type Names } from '../../src-main/contract/query-text/names.ts';
import { parseQuery } from '../../src-main/contract/query-text/parse.ts';
import { printQuery } from '../../src-main/contract/query-text/print.ts';
import { A, anyCondition, anyText, B, C, known } from '../fixtures/arbitrary-condition.ts';
import '../fixtures/ci-seed.ts';

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

const plain = (one: unknown): unknown => JSON.parse(JSON.stringify(one));

describe('the query language and the condition tree', () => {
  for (const [what, by] of [
    ['without names', noNames],
    ['with names of ids', names],
  ] as const)
    it(`reads back every tree it prints, ${what}`, () => {
      fc.assert(
        fc.property(anyCondition, (where) => {
          conditionSchema.parse(where);
          const printed = printQuery(where, by);
          const { where: again, problem } = parseQuery(printed, { names: by });
          assert.equal(problem, null, `${printed}: ${problem?.says}`);
          assert.deepEqual(plain(again), plain(where), printed);
          // nothing in it is unseen or turns round what stands behind it
          assert.doesNotMatch(printed, /[\p{Cc}\p{Bidi_Control}]/u);
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
          anyText,
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
      ['"a" b -c', [{ text: '"a"' }, { text: 'b' }, { not: { text: 'c' } }]],
      ['text:"a b" log:refused', [{ text: 'a b' }, { log: 'refused' }]],
      ['not log:"\\"read timed out\\" -retry"', [{ not: { log: '"read timed out" -retry' } }]],
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

  it('blanks round the sign of a field change nothing, and words beside a sign are words', () => {
    for (const [apart, together] of [
      ['state = failed', 'state=failed'],
      ['state : failed,crashed tag : prod', 'state:failed,crashed tag:prod'],
      ['state: failed', 'state:failed'],
      ['duration > 5m not started >= -7d', 'duration>5m not started>=-7d'],
      ['name ~ "a b"', 'name~"a b"'],
      ['log : refused text = "x y"', 'log:refused text="x y"'],
      ['ended : none a', 'ended:none a'],
      ['wait :  0.5s..1.5h', 'wait:0.5s..1.5h'],
      ['(a state = failed)', '(a state=failed)'],
    ] as const)
      assert.deepEqual(read(apart), read(together), apart);
    assert.deepEqual(read('x = 5'), { and: [{ text: 'x = 5' }] });
    assert.deepEqual(read('a => b : c'), { and: [{ text: 'a => b : c' }] });
    for (const missing of ['state: tag:x', 'state = or tag:x', 'state ='])
      assert.match(wrong(missing)[1], /Expected a value/, missing);
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
      `state:failed,crashed not flow:nightly-etl deployment:${B} tag:prod+"on call" started>=-1d duration:5m..90m text:reset (ended:none or attempts>=3)`,
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
