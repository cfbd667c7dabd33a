/** The connection form, paces and presets of the window: what is kept, what is said, what is sent. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TRUE, type Condition } from '../../src-main/contract/query.ts';
import { connectionEditSchema, type Workspace } from '../../src-main/contract/workspace.ts';
import type { Preset } from '../../src-main/contract/preset.ts';
import { settingsChangeSchema, settingsSchema } from '../../src-main/contract/settings.ts';
import { fetchRuleSchema, retentionSchema } from '../../src-main/contract/sync.ts';
import { mixWords, notSentWords, signInWords } from '../../src-renderer/state/workspace/connection-words.ts';
import { paceLabel, paces } from '../../src-renderer/state/workspace/pace.ts';
import { localPreset, namesIn, type Lookup } from '../../src-main/contract/preset-names.ts';
import { differs, inOrder } from '../../src-renderer/state/question/preset-order.ts';
import {
  editForm,
  formEdit,
  formOfItsOwn,
  formProblems,
  KEPT,
  variableFor,
} from '../../src-renderer/state/workspace/workspace-form.ts';
import '../fixtures/ci-seed.ts';

const workspace: Workspace = {
  name: 'prod',
  kind: 'server',
  api_url: 'https://prefect.example.com/api',
  auth: 'api_key',
  secret_env: null,
  custom_headers: ['X-Team', 'X-Token'],
  insecure_tls: false,
  ca_file: '/etc/ca.pem',
  dialect: 'postgres',
  dialect_source: 'auto',
  prefect: null,
  task_runs: 1234,
  bytes: 1,
  retention: retentionSchema.parse({}),
  fetch_rule: fetchRuleSchema.parse({}),
  paused: false,
  sync_every: 30,
  metered: false,
};
const count = (n: number) => n.toLocaleString('en');

describe('the form of a connection', () => {
  it('left as it is, changes nothing and names what it has never seen', () => {
    const edit = formEdit(editForm(workspace));
    assert.deepEqual(edit, {
      name: 'prod',
      api_url: workspace.api_url,
      auth: { kind: 'keep' },
      headers: { 'X-Team': null, 'X-Token': null },
      insecure_tls: false,
      ca_file: '/etc/ca.pem',
    });
    connectionEditSchema.parse(edit);
    assert.deepEqual(formProblems(editForm(workspace), ['other']), {});
    assert.deepEqual(formEdit(editForm({ ...workspace, auth: 'none' })).auth, { kind: 'none' });
  });

  it('sends what was typed, and drops what was deleted', () => {
    const form = { ...editForm(workspace), headers: `X-Token: ${KEPT}\nX-New: a: b`, auth: 'basic' as const };
    assert.deepEqual(formEdit(form).headers, { 'X-Token': null, 'X-New': 'a: b' });
    assert.ok(formProblems(form, []).secret, 'another sign-in needs its own secret');
    const typed = formEdit({ ...form, secret: 'a:b' });
    assert.deepEqual(typed.auth, { kind: 'secret', scheme: 'basic', secret: 'a:b' });
  });

  it('as a workspace of its own keeps no secret of another', () => {
    const own = formOfItsOwn({ ...editForm(workspace), headers: `X-Token: ${KEPT}\nX-New: a` }, workspace);
    assert.deepEqual([own.name, own.auth, own.headers], ['', 'api_key', 'X-New: a']);
    assert.equal(own.caFile, '/etc/ca.pem');
  });

  it('names the variable that Prefect reads, unless another was typed', () => {
    assert.equal(variableFor('basic', 'PREFECT_API_KEY'), 'PREFECT_API_AUTH_STRING');
    assert.equal(variableFor('api_key', 'PREFECT_API_AUTH_STRING'), 'PREFECT_API_KEY');
    for (const kind of ['none', 'api_key', 'basic', 'keep'] as const) assert.equal(variableFor(kind, 'MINE'), 'MINE');
  });

  it('says which kept secrets do not go to another origin', () => {
    const to = (apiUrl: string, change = {}) => notSentWords(workspace, { ...editForm(workspace), apiUrl, ...change });
    assert.equal(to('https://prefect.example.com/other/api'), null);
    assert.equal(to('prefect.example.com/dashboard'), null, 'the scheme there is');
    assert.match(
      to('http://prefect.example.com/api') ?? '',
      /not sent to prefect.example.com/,
      'in clear is elsewhere',
    );
    assert.match(to('https://new.example.com/api') ?? '', /^The sign-in and header values .* are .* Type them again/);
    assert.match(to('https://new.example.com/api', { headers: '' }) ?? '', /^The sign-in kept .* is .* Type it again/);
    assert.match(to('https://new.example.com/api', { auth: 'none' }) ?? '', /^The header values kept .* are not sent/);
    assert.equal(to('https://new.example.com/api', { auth: 'none', headers: 'X-Team: typed' }), null);
    assert.equal(to('not yet'), null);
  });

  it('says how it signs in, and what mixing two servers does', () => {
    assert.equal(signInWords(workspace, 'memory'), 'API key from memory');
    assert.equal(signInWords({ ...workspace, auth: 'basic', secret_env: 'P' }, 'memory'), 'User and password from P');
    assert.match(mixWords(workspace, count), /1,234 runs that are here would be marked as gone/);
    const mirror = { ...workspace, task_runs: null, retention: { ...workspace.retention, gone: 'drop' as const } };
    assert.match(mixWords(mirror, count), /would be deleted: this archive mirrors/);
  });
});

describe('pace', () => {
  it('offers the usual ones and the present one, asked only last', () => {
    assert.deepEqual(paces(30), [10, 30, 60, 300, 0]);
    assert.deepEqual(paces(45), [10, 30, 45, 60, 300, 0]);
    assert.deepEqual(paces(0), [10, 30, 60, 300, 0]);
    assert.deepEqual([45, 300, 7200, 0].map(paceLabel), ['every 45 s', 'every 5 min', 'every 2 h', 'only when asked']);
  });
});

describe('presets', () => {
  const preset = (id: string, change: Partial<Preset> = {}): Preset => ({
    id,
    name: id,
    folder: '',
    query: { where: TRUE, sort: [] },
    names: {},
    columns: null,
    frozen: 0,
    builtin: false,
    ...change,
  });

  it('pinned ones come first, each is there once, and an id nobody has any more is no matter', () => {
    const list = ['a', 'b', 'c'].map((id) => preset(id));
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'gone')), (pinned) => {
        const ids = inOrder(list, pinned).map(({ id }) => id);
        const known = pinned.filter((id) => id !== 'gone');
        assert.deepEqual(ids.slice(0, known.length), known);
        assert.deepEqual([...ids].sort(), ['a', 'b', 'c']);
      }),
    );
  });

  it('differ by filter, sort or columns; without columns of their own they say nothing of them', () => {
    const query = { where: TRUE, sort: [] };
    const own = preset('a', { columns: ['name', 'tags'] });
    const shown = { fields: ['name', 'tags'], frozen: 0 };
    const other = { fields: ['tags', 'name'], frozen: 1 };
    assert.equal(differs(own, query, shown), false);
    assert.equal(differs(own, query, { ...other, frozen: 0 }), true, 'the order counts');
    assert.equal(differs(own, query, { ...shown, frozen: 1 }), true, 'what stays in place counts');
    assert.equal(differs(preset('a'), query, other), false);
    assert.equal(differs(own, { where: TRUE, sort: [{ field: 'name', dir: 'asc' }] }, shown), true);
    assert.equal(differs(own, { where: { text: 'x' }, sort: [] }, shown), true);
  });
});

describe('a preset in another workspace', () => {
  const field = 'flow_run.flow_id';
  const deployment = 'flow_run.deployment_id';
  const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const [nightly, gone, here, other, daily] = [1, 2, 3, 4, 5].map(idOf);
  const where: Condition = {
    and: [
      { field, in: [nightly, gone, here] },
      {
        not: {
          or: [
            { field: deployment, in: [daily] },
            { field: 'state_type', in: ['FAILED'] },
          ],
        },
      },
    ],
  };
  const archive: Lookup = {
    has: (_field, id) => Promise.resolve(id === here),
    idsOf: (path, name) =>
      Promise.resolve(path === field && name === 'nightly' ? [other, here] : name === 'daily' ? [idOf(6)] : []),
  };
  const saved: Preset = {
    id: 'p',
    name: 'Mine',
    folder: '',
    query: { where, sort: [] },
    names: { [nightly]: 'nightly', [gone]: 'hourly', [here]: 'weekly', [daily]: 'daily' },
    columns: null,
    frozen: 0,
    builtin: false,
  };

  it('keeps the names of what it names', () => {
    const names = namesIn(saved.query, (id) => (id === gone ? null : `name of ${id}`));
    assert.deepEqual(Object.keys(names).sort(), [nightly, here, daily]);
  });

  it('has the ids of the same names, once each, and says what is not there', async () => {
    const local = await localPreset(saved, archive);
    assert.deepEqual(local?.query.where, {
      and: [
        { field, in: [other, here, gone] },
        {
          not: {
            or: [
              { field: deployment, in: [idOf(6)] },
              { field: 'state_type', in: ['FAILED'] },
            ],
          },
        },
      ],
    });
    assert.deepEqual(local.absent, [{ field, id: gone }]);
  });

  it('stays as it is where it names nothing, or was saved without names', async () => {
    const everything = { where: TRUE, sort: [] };
    assert.equal(await localPreset({ ...saved, query: everything }, archive), null);
    assert.equal(await localPreset({ ...saved, names: {} }, archive), null);
  });
});

describe('a change of settings', () => {
  it('holds what was given and nothing else', () => {
    const all = settingsSchema.parse({});
    for (const key of Object.keys(all) as (keyof typeof all)[])
      assert.deepEqual(settingsChangeSchema.parse({ [key]: all[key] }), { [key]: all[key] });
    assert.deepEqual(settingsChangeSchema.parse({}), {});
  });
});
