/** Which of Prefect's settings counts: environment, `.env`, `prefect.toml`, `pyproject.toml`, profile; and who gets a secret. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { findCandidates } from '../../src-main/prefect/profiles.ts';
import '../fixtures/ci-seed.ts';

const made: string[] = [];
after(() => Promise.all(made.map((dir) => rm(dir, { recursive: true, force: true }))));

type Files = { '.env'?: string; 'prefect.toml'?: string; 'pyproject.toml'?: string; profiles?: string };

/** A home and a folder with these files, as a person would have them. */
async function look(files: Files, env: Record<string, string> = {}) {
  const home = await mkdtemp(join(tmpdir(), 'taskscope-settings-'));
  made.push(home);
  const folder = join(home, 'project');
  await mkdir(folder);
  await mkdir(join(home, '.prefect'));
  for (const [name, text] of Object.entries(files))
    await writeFile(name === 'profiles' ? join(home, '.prefect/profiles.toml') : join(folder, name), text);
  return {
    home,
    folder,
    found: await findCandidates({ env, home, folder, isListening: () => Promise.resolve(false) }),
  };
}

test('each file names a server, with the file as its source', async () => {
  const { folder, home, found } = await look({
    '.env': '# ours\nexport PREFECT_API_URL="http://dotenv:4200/api" # quoted\nprefect_api_key=pnu_dotenv\n',
    'prefect.toml':
      '[api]\nurl = "https://own:4200/api"\nauth_string = "a:b"\ntls_insecure_skip_verify = true\nssl_cert_file = "ca.pem"\n' +
      '[client.custom_headers]\nX-Team = "data"\n[server.api]\nauth_string = "not:this"\n',
    'pyproject.toml': '[project]\nname = "x"\n[tool.prefect.api]\nurl = "http://project:4200/api"\n',
    profiles: 'active = "p"\n[profiles.p]\nPREFECT_API_URL = "http://profile:4200/api"\n',
  });
  assert.deepEqual(
    found.map(({ id, source, active, input }) => [id, source, active, new URL(input.api_url).hostname]),
    [
      ['.env', join(folder, '.env'), true, 'dotenv'],
      ['prefect.toml', join(folder, 'prefect.toml'), false, 'own'],
      ['pyproject.toml', join(folder, 'pyproject.toml'), false, 'project'],
      ['profile:p', join(home, '.prefect/profiles.toml'), false, 'profile'],
    ],
  );
  assert.deepEqual(found[0]?.input.auth, { kind: 'secret', scheme: 'api_key', secret: 'pnu_dotenv' });
  assert.deepEqual(found[1]?.input, {
    name: 'project',
    api_url: 'https://own:4200/api',
    auth: { kind: 'secret', scheme: 'basic', secret: 'a:b' },
    headers: { 'X-Team': 'data' },
    insecure_tls: true,
    ca_file: join(folder, 'ca.pem'),
  });
});

test('the profiles file: named by environment, .env, prefect.toml, pyproject.toml, then PREFECT_HOME, then the home folder', async () => {
  const profile = (name: string) => `[profiles.${name}]\nPREFECT_API_URL = "http://${name}:4200/api"\n`;
  const base = await mkdtemp(join(tmpdir(), 'taskscope-settings-'));
  made.push(base);
  for (const name of ['env', 'dotenv', 'own', 'project', 'phome']) {
    await mkdir(join(base, name));
    await writeFile(join(base, name, 'profiles.toml'), profile(name));
  }
  const at = (name: string) => join(base, name, 'profiles.toml').replaceAll('\\', '/');
  let env: Record<string, string> = { PREFECT_HOME: join(base, 'phome'), PREFECT_PROFILES_PATH: at('env') };
  const files: Files = {
    '.env': `PREFECT_PROFILES_PATH=${at('dotenv')}`,
    'prefect.toml': `profiles_path = "${at('own')}"`,
    'pyproject.toml': `[tool.prefect]\nprofiles_path = "${at('project')}"`,
    profiles: profile('home'),
  };
  const found = async () => (await look(files, env)).found.map(({ name }) => name);
  assert.deepEqual(await found(), ['env']);
  env = { PREFECT_HOME: join(base, 'phome') };
  assert.deepEqual(await found(), ['dotenv']);
  delete files['.env'];
  assert.deepEqual(await found(), ['own']);
  delete files['prefect.toml'];
  assert.deepEqual(await found(), ['project']);
  delete files['pyproject.toml'];
  assert.deepEqual(await found(), ['phome']);
  env = {};
  assert.deepEqual(await found(), ['home']);
});

test('broken, huge and wrongly shaped files offer nothing and fail nothing', async () => {
  for (const text of ['[[[', 'api = 3\ntool = 4\nprofiles = 5\nactive = 6', '\0'.repeat(100), 'x'.repeat(2_000_000)])
    assert.deepEqual(
      (await look({ '.env': text, 'prefect.toml': text, 'pyproject.toml': text, profiles: text })).found,
      [],
    );
});

test('SSL_CERT_FILE stands in for PREFECT_API_SSL_CERT_FILE, while the file is there and for https only', async () => {
  const profiles = (url: string, more = '') => `active = "p"\n[profiles.p]\nPREFECT_API_URL = "${url}"\n${more}`;
  const ca = async (text: string, file: string) =>
    (await look({ profiles: text }, { SSL_CERT_FILE: file })).found[0]?.input.ca_file;
  const here = import.meta.filename;
  assert.equal(await ca(profiles('https://a/api'), here), here);
  assert.equal(await ca(profiles('https://a/api'), `${here}.none`), null);
  assert.equal(await ca(profiles('http://a/api'), here), null);
  const { home, found } = await look(
    { profiles: profiles('https://a/api', 'PREFECT_API_SSL_CERT_FILE = "~/ca.pem"\n') },
    { SSL_CERT_FILE: here },
  );
  assert.equal(found[0]?.input.ca_file, join(home, 'ca.pem'));
});

const layers = ['env', '.env', 'prefect.toml', 'pyproject.toml', 'profile'] as const;
type Layer = { url: boolean; key: boolean; insecure: boolean | null };
const layer = fc.record({ url: fc.boolean(), key: fc.boolean(), insecure: fc.option(fc.boolean()) });

test('property: the strongest address is active, stronger places are laid over it, weaker ones give it nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(layer, layer, layer, layer, layer), async (all: Layer[]) => {
      const flat = (i: number) => ({
        ...(all[i]?.url ? { PREFECT_API_URL: `https://layer${i}/api` } : {}),
        ...(all[i]?.key ? { PREFECT_API_KEY: `key${i}` } : {}),
        ...((all[i]?.insecure ?? null) === null
          ? {}
          : { PREFECT_API_TLS_INSECURE_SKIP_VERIFY: String(all[i].insecure) }),
      });
      const toml = (i: number) =>
        Object.entries(flat(i))
          .map(
            ([name, value]) =>
              `${name.replace('PREFECT_API_', '').toLowerCase()} = ${/^(true|false)$/.test(value) ? value : `"${value}"`}\n`,
          )
          .join('');
      const { found } = await look(
        {
          '.env': Object.entries(flat(1))
            .map(([name, value]) => `${name}=${value}\n`)
            .join(''),
          'prefect.toml': `[api]\n${toml(2)}`,
          'pyproject.toml': `[tool.prefect.api]\n${toml(3)}`,
          profiles: `active = "p"\n[profiles.p]\n${Object.entries(flat(4))
            .map(([name, value]) => `${name} = "${value}"\n`)
            .join('')}`,
        },
        flat(0),
      );
      const first = all.findIndex(({ url }) => url);
      assert.equal(found.length, all.filter(({ url }) => url).length);
      assert.equal(found.filter(({ active }) => active).length, first < 0 ? 0 : 1);
      if (first < 0) return;
      const [active] = found;
      assert.equal(active?.input.api_url, `https://layer${first}/api`, layers[first]);
      const reach = all.slice(0, first + 1);
      const key = reach.findIndex((one) => one.key);
      assert.deepEqual(
        active.input.auth,
        key < 0
          ? { kind: 'none' }
          : key === 0
            ? { kind: 'env', scheme: 'api_key', variable: 'PREFECT_API_KEY' }
            : { kind: 'secret', scheme: 'api_key', secret: `key${key}` },
      );
      assert.equal(active.input.insecure_tls, reach.find(({ insecure }) => insecure !== null)?.insecure ?? false);
      // every other place speaks for itself alone
      for (const other of found.slice(1)) {
        const i = Number(/layer(\d)/.exec(other.input.api_url)?.[1]);
        const said = JSON.stringify(other.input.auth);
        assert.equal(said.includes('key'), all[i]?.key, said);
        assert.doesNotMatch(said, new RegExp(`key[^${i}"]`));
      }
    }),
    { numRuns: 60 },
  );
});
