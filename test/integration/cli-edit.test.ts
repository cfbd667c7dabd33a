/** `taskscope workspace edit`: what is not named stays as it is, and two servers do not end up in one archive unseen. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startDemo } from '../fixtures/demo/server.ts';
import { taskscope, type Ended } from '../fixtures/command-line.ts';

let data = '';
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'taskscope-cli-edit-'));
});
after(() => rm(data, { recursive: true, force: true }));

const run = (...args: string[]) => taskscope([...args, '--data-dir', data]);
function words(ended: Ended, code: number, pattern: RegExp): void {
  assert.equal(ended.code, code, ended.err);
  assert.match(ended.err, pattern);
}

describe('wrong usage ends with 2', () => {
  const cases: [string[], RegExp][] = [
    [['workspace', 'edit'], /takes a name/],
    [['workspace', 'edit', 'a'], /changes nothing/],
    [['workspace', 'edit', 'a', '--anyway'], /changes nothing/],
    [['workspace', 'edit', 'a', '--no-auth', '--api-key-env', 'A'], /exclude each other/],
    [['workspace', 'edit', 'a', '--cloud', 'x/y'], /--api-url/],
  ];
  for (const [args, pattern] of cases) test(args.join(' '), async () => words(await run(...args), 2, pattern));
});

test('is edited: what is not named stays, and another server is not taken for its own', async () => {
  const one = await startDemo({ runs: 40, seed: 1 });
  const other = await startDemo({ runs: 40, seed: 2 });
  try {
    const add = ['workspace', 'add', 'mine', '--api-url', one.apiUrl, '--header', 'X-Team: secret-team'];
    assert.equal((await run(...add)).code, 0);
    assert.equal((await run('sync', '--workspace', 'mine')).code, 0);
    const edited = await run('workspace', 'edit', 'mine', '--name', 'ours', '--header', 'X-More=1');
    assert.equal(edited.code, 0, edited.err);
    const { name, custom_headers, api_url } = JSON.parse(edited.out) as Record<string, unknown>;
    assert.deepEqual([name, custom_headers, api_url], ['ours', ['X-Team', 'X-More'], one.apiUrl]);
    words(await run('workspace', 'edit', 'mine', '--no-auth'), 1, /no workspace named “mine”/);
    const move = (url: string, ...more: string[]) => run('workspace', 'edit', 'ours', '--api-url', url, ...more);
    words(await move(other.apiUrl, '--header', 'X-More: 2'), 1, /kept for ours are sent to .* only(.|\n)*--no-headers/);
    words(await move(other.apiUrl, '--no-headers'), 1, /another server(.|\n)*--anyway/);
    words(await move('http://127.0.0.1:1/api', '--no-headers'), 1, /cannot be reached/);
    assert.match((await run('workspace', 'list')).out, new RegExp(one.apiUrl));
    assert.equal((await move(other.apiUrl, '--no-headers', '--anyway')).code, 0);
    assert.match((await run('workspace', 'list')).out, new RegExp(other.apiUrl));
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});
