/** A view as a request to Prefect: what it says, what it leaves out, and that it has no secret. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Condition } from '../../src-main/contract/query.ts';
import {
  bodyOf,
  curlOfQuery,
  curlOfRun,
  pythonOfQuery,
  unknownToPython,
  type Target,
} from '../../src-main/core/write-as/requests.ts';
import { prefectCondition } from '../../src-main/query/language/prefect.ts';
import { bodySchemas } from '../../src-main/contract/prefect/filter.ts';
import { prefectRules } from '../../src-main/contract/prefect/versions.ts';
import { toPrefectFilters, toPrefectRequest } from '../../src-main/query/language/to-prefect.ts';
import * as ask from '../fixtures/arbitrary-questions.ts';
import '../fixtures/ci-seed.ts';

const rules = prefectRules('3.8.8');
const NOW = 1_700_000_060_000_001;
const open: Target = {
  api_url: 'http://127.0.0.1:4200/api/',
  auth: 'none',
  headers: [],
  insecure_tls: false,
  ca_file: null,
};
const closed: Target = {
  api_url: "https://it's.example/api",
  auth: 'api_key',
  headers: ['X-Team', '1-Odd'],
  insecure_tls: false,
  ca_file: "/etc/it's.pem",
};
const failed: Condition = { field: 'state_type', in: ['FAILED'] };
const long: Condition = { field: 'duration', from: 300 };
const soon: Condition = { field: 'expected_start_time', from: { ago: 3_600_000_000 } };

test('says what it can, names what is lost, and takes the nearest order', () => {
  const sort = [{ field: 'start_time', dir: 'asc' as const }];
  const request = toPrefectRequest({ where: { and: [failed, { and: [long, soon] }, failed] }, sort }, NOW);
  assert.deepEqual(request.lost, [long, failed], 'a criterion can be given once');
  assert.equal(request.orderLost, true);
  assert.equal(request.sort, 'EXPECTED_START_TIME_ASC');
  assert.deepEqual(request.filters, {
    task_runs: {
      state: { type: { any_: ['FAILED'] } },
      expected_start_time: { after_: '2023-11-14T21:14:20.000001Z' },
    },
  });
  const python = toPrefectRequest({ where: { and: [failed, soon] }, sort: [] }, NOW, unknownToPython);
  assert.deepEqual([python.lost, python.sort, python.orderLost], [[soon], 'ID_DESC', false]);
  const text = pythonOfQuery(python, open);
  assert.match(text, /^# Prefect cannot be asked this, so more runs come back: expected>=-1h$/m);
  assert.match(text, /TaskRunFilterStateType\(\s*any_=\[StateType\.FAILED\],/);
});

test('its body is one that Prefect and this program take, and means the same', () => {
  fc.assert(
    fc.property(fc.array(ask.condition('task_run', 1), { maxLength: 4 }), (and) => {
      const request = toPrefectRequest({ where: { and }, sort: [] }, NOW);
      const body: unknown = JSON.parse(bodyOf(request));
      const { sort: _, ...filters } = bodySchemas(rules).task_run.paginate.parse(body);
      prefectCondition('task_run', filters, rules);
      const same = toPrefectFilters({ and }, NOW);
      assert.deepEqual(same, request.lost.length === 0 ? request.filters : null);
    }),
    { numRuns: 300 },
  );
});

test('what is run is quoted, and secrets stay in variables', () => {
  const text = 'a\'b"c\\d\ne\u2028😀$(touch x)`';
  const where: Condition = {
    and: [
      { field: 'name', in: [text] },
      { field: 'tags', all: [text] },
    ],
  };
  const request = toPrefectRequest({ where, sort: [] }, NOW);
  const curl = curlOfQuery(request, closed);
  const printed = execFileSync('sh', ['-c', curl.replace('curl --fail-with-body', 'printf "%s\\0"')], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, PREFECT_API_KEY: 'key', X_TEAM: 'team', HEADER_1_ODD: 'odd' },
  }).split('\0');
  assert.deepEqual(printed.slice(0, -3), [
    '-sS',
    '-X',
    'POST',
    "https://it's.example/api/task_runs/filter",
    '-H',
    'Authorization: Bearer key',
    '-H',
    'X-Team: team',
    '-H',
    '1-Odd: odd',
    '--cacert',
    "/etc/it's.pem",
    '-H',
    'Content-Type: application/json',
  ]);
  assert.deepEqual(JSON.parse(printed.at(-2) ?? ''), JSON.parse(bodyOf(request)));
  const python = pythonOfQuery(request, closed);
  const check =
    'import ast,sys; print(*[repr(n.value) for n in ast.walk(ast.parse(sys.stdin.read())) if isinstance(n, ast.Constant)], sep="\\n")';
  const constants = execFileSync('python3', ['-c', check], {
    input: python,
    encoding: 'utf8',
    env: { ...process.env, PYTHONUTF8: '1' },
  });
  assert.ok(constants.includes(`$(touch x)\``) && constants.includes("'PREFECT_API_KEY'"), constants);
  assert.equal(curlOfRun('5d0c', open), "curl --fail-with-body -sS -X GET 'http://127.0.0.1:4200/api/task_runs/5d0c'");
});
