/** Links into Prefect's own UI lead to a page that it has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runUrl } from '../../src-main/core/workspaces/run-url.ts';
import type { Entry } from '../../src-main/core/workspaces/workspaces.ts';

const ID = '0195e2d4-3a4e-7b7c-8d1f-2a3b4c5d6e7f';
const ACCOUNT = 'a2345678-1234-1234-1234-123456789012';
const WORKSPACE = 'b2345678-1234-1234-1234-123456789012';
const of = (api_url: string, demo: Entry['demo'] = null) => runUrl({ api_url, demo } as Entry, ID);
/** The route of a task run in the source of Prefect's v1 UI (prefect-ui-library) and of its v2 UI (routes/runs/task-run.$id). */
const ROUTE = `/runs/task-run/${ID}`;

test('beside the API of a server of one’s own, also behind a path', () => {
  assert.equal(of('http://host:4200/api'), `http://host:4200${ROUTE}`);
  assert.equal(of('https://host/prefect/api'), `https://host/prefect${ROUTE}`);
});

test('an address that has not answered yet, and was kept as typed, leads to the same page', () => {
  for (const typed of [
    'http://host:4777',
    'http://host:4777/',
    'http://host:4777/dashboard',
    'http://host:4777/v2/runs',
    'host:4777',
  ])
    assert.equal(of(typed), `http://host:4777${ROUTE}`, typed);
});

test('Prefect Cloud, and the demo, which has no UI', () => {
  assert.equal(
    of(`https://api.prefect.cloud/api/accounts/${ACCOUNT}/workspaces/${WORKSPACE}`),
    `https://app.prefect.cloud/account/${ACCOUNT}/workspace/${WORKSPACE}${ROUTE}`,
  );
  assert.equal(of('', { runs: 1, epoch: 0 }), null);
  assert.equal(of('not an address at all'), null);
});
