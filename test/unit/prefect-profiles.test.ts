import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { workspaceInputSchema } from '../../src-main/contract/workspace.ts';
import { findCandidates } from '../../src-main/prefect/profiles.ts';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'taskscope-profiles-'));
  await writeFile(
    join(home, 'profiles.toml'),
    `active = "prod"
[profiles.ephemeral]
PREFECT_SERVER_ALLOW_EPHEMERAL_MODE = "true"
[profiles.local]
PREFECT_API_URL = "http://127.0.0.1:4200/api"
[profiles.prod]
PREFECT_API_URL = "https://prefect.example.com/api"
PREFECT_API_AUTH_STRING = "admin:hunter2"
PREFECT_API_KEY = "pnu_unused"
PREFECT_API_TLS_INSECURE_SKIP_VERIFY = "true"
PREFECT_CLIENT_CUSTOM_HEADERS = '{"X-Team": "data"}'
`,
  );
});
after(() => rm(home, { recursive: true, force: true }));

const look = (env: Record<string, string>, isListening = () => Promise.resolve(false)) =>
  findCandidates({ env: { PREFECT_HOME: home, ...env }, home, folder: join(home, 'elsewhere'), isListening });

test('profiles with a server, the active one first', async () => {
  const found = await look({});
  assert.deepEqual(
    found.map(({ id, active }) => [id, active]),
    [
      ['profile:prod', true],
      ['profile:local', false],
    ],
  );
  assert.deepEqual(workspaceInputSchema.parse(found[0]?.input), {
    name: 'prod',
    api_url: 'https://prefect.example.com/api',
    auth: { kind: 'secret', scheme: 'basic', secret: 'admin:hunter2' },
    headers: { 'X-Team': 'data' },
    insecure_tls: true,
    ca_file: null,
    dialect: null,
  });
});

test('PREFECT_PROFILE picks another profile, a variable goes before its value', async () => {
  const found = await look({ PREFECT_PROFILE: 'local', PREFECT_API_KEY: 'pnu_env' });
  assert.equal(found[0]?.id, 'profile:local');
  assert.deepEqual(found[0].input.auth, { kind: 'env', scheme: 'api_key', variable: 'PREFECT_API_KEY' });
  assert.equal(found[1]?.input.auth.kind, 'secret');
});

test('a URL in the environment is a server of its own and never gets a profile’s secret', async () => {
  const found = await look({ PREFECT_API_URL: 'http://other:4200/api' });
  assert.deepEqual(
    found.map(({ id, active }) => [id, active]),
    [
      ['env', true],
      ['profile:local', false],
      ['profile:prod', false],
    ],
  );
  assert.deepEqual(found[0]?.input.auth, { kind: 'none' });
});

test('the usual local address is offered only while something listens there, without a file or with a broken one', async () => {
  const broken = join(home, 'broken.toml');
  await writeFile(broken, '[[[');
  for (const path of [join(home, 'none.toml'), broken])
    for (const listening of [true, false]) {
      const found = await look({ PREFECT_PROFILES_PATH: path }, () => Promise.resolve(listening));
      assert.deepEqual(
        found.map(({ id }) => id),
        listening ? ['local'] : [],
      );
    }
});
