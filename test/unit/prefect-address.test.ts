import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../src-main/contract/errors.ts';
import { apiUrlGuesses } from '../../src-main/prefect/address.ts';

const first = (typed: string) => apiUrlGuesses(typed)[0];

test('an address as a person types it', () => {
  assert.equal(first('http://host:4200'), 'http://host:4200/api');
  assert.equal(first(' http://host:4200/ '), 'http://host:4200/api');
  assert.equal(first('http://host:4200/api'), 'http://host:4200/api');
  assert.equal(first('http://host:4200/api/'), 'http://host:4200/api');
  assert.equal(first('localhost:4200'), 'http://localhost:4200/api');
  assert.equal(first('127.0.0.1:4200'), 'http://127.0.0.1:4200/api');
  assert.equal(first('prefect.example.com'), 'https://prefect.example.com/api');
  assert.equal(first('http://host:4200/runs/task-run/1?x=1#y'), 'http://host:4200/api');
  assert.equal(first('http://host:4200/api/admin/version'), 'http://host:4200/api');
  assert.equal(first('https://host/prefect'), 'https://host/prefect/api');
  assert.equal(first('https://host/prefect/api'), 'https://host/prefect/api');
});

test('Prefect Cloud, by its page or its API', () => {
  const [account, workspace] = ['a2345678-1234-1234-1234-123456789012', 'b2345678-1234-1234-1234-123456789012'];
  const api = `https://api.prefect.cloud/api/accounts/${account}/workspaces/${workspace}`;
  assert.deepEqual(apiUrlGuesses(api), [api]);
  assert.deepEqual(apiUrlGuesses(`https://app.prefect.cloud/account/${account}/workspace/${workspace}/runs`), [api]);
});

test('what is no address is BAD_INPUT', () => {
  for (const typed of ['ftp://host', 'http://', 'http://user:secret@host', 'https://app.prefect.cloud/'])
    assert.throws(
      () => apiUrlGuesses(typed),
      (thrown) => thrown instanceof AppError && thrown.code === 'BAD_INPUT' && !thrown.message.includes('secret'),
      typed,
    );
});
