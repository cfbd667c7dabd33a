import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { newStatus, syncStatusSchema, type SyncStatus } from '../../src-main/contract/sync.ts';
import { fields } from '../../src-main/contract/fields.ts';
import { defaultSort, type Condition } from '../../src-main/contract/query.ts';
import { durationSorts, taskRunSorts } from '../../src-main/contract/prefect/filter.ts';
import { allFields, fieldInfo, mainPaths, moreFields } from '../../src-renderer/state/filters/catalog.ts';
import { chipsOf, phrase, spanWords } from '../../src-renderer/state/filters/chips.ts';
import { coverageWords } from '../../src-renderer/state/sync/coverage-words.ts';
import { progressWords } from '../../src-renderer/state/handover/export-words.ts';
import { exportName } from '../../src-renderer/state/handover/export-name.ts';
import { mergedValues } from '../../src-renderer/state/filters/facet-values.ts';
import { newsWords } from '../../src-renderer/state/question/news-words.ts';
import {
  actionWith,
  keyProblem,
  keysOf,
  keyWords,
  shortcut,
  shortcuts,
} from '../../src-renderer/state/window/shortcuts.ts';
import { gridColumns } from '../../src-renderer/grid-columns.ts';
import { clickedSort, columnSort, namedSorts, sortLabel, sortsOf } from '../../src-renderer/state/question/sorts.ts';
import { syncWords } from '../../src-renderer/state/sync/sync-words.ts';
import { fromInput, readTime, writeTime } from '../../src-renderer/state/filters/time-input.ts';
import {
  cloudName,
  emptyForm,
  formInput,
  formProblems,
  workspaceHost,
} from '../../src-renderer/state/workspace/workspace-form.ts';
import { workspaceInputSchema } from '../../src-main/contract/workspace.ts';
import '../fixtures/ci-seed.ts';

const words = {
  name: (_field: string, id: string) => (id === 'f1' ? 'nightly' : id),
  time: (micros: number) => `t${micros}`,
};
const say = (condition: Condition) => phrase(condition, words);

describe('chips', () => {
  it('say what the condition says', () => {
    assert.equal(say({ field: 'state_type', in: ['FAILED', 'CRASHED'] }), 'state Failed, Crashed');
    assert.equal(say({ not: { field: 'flow_run.flow_id', in: ['f1'] } }), 'not flow nightly');
    assert.equal(say({ field: 'start_time', from: { ago: 86_400e6 } }), 'start last 24 h');
    assert.equal(say({ field: 'start_time', from: 1, to: 2 }), 'start t1 – t2');
    assert.equal(say({ field: 'duration', from: 60 }), 'duration ≥ 1 m');
    assert.equal(say({ field: 'run_count', from: 2, to: 2 }), 'attempts 2');
    assert.equal(say({ field: 'tags', all: ['a', 'b'] }), 'tags a + b');
    assert.equal(
      say({
        or: [
          { field: 'tags', any: ['a'] },
          { field: 'tags', isNull: true },
        ],
      }),
      'tags a or untagged',
    );
    assert.equal(say({ not: { has: 'subflow_runs', where: { and: [] } } }), 'not has a subflow run');
    assert.equal(say({ field: 'task_key', in: ['a', 'b', 'c', 'd'] }), 'task a, b and 2 more');
    assert.equal(
      say({ or: [{ field: 'name', contains: 'x' }, { not: { field: 'run_count', to: 3 } }] }),
      'name contains “x” or not attempts ≤ 3',
    );
  });

  it('one per conjunct, none for the free text, and it knows its section', () => {
    const where: Condition = {
      and: [
        { text: 'a' },
        {
          or: [
            { field: 'state_type', in: ['FAILED'] },
            { field: 'state_name', in: ['Late'] },
          ],
        },
        { not: { field: 'tags', any: ['x'] } },
      ],
    };
    assert.deepEqual(
      chipsOf(where, words).map(({ field, not, text }) => ({ field, not, text })),
      [
        { field: 'state_type', not: false, text: 'Failed, Late' },
        { field: 'tags', not: true, text: 'x' },
      ],
    );
  });

  it('spans in the unit that is whole', () => {
    assert.deepEqual([3_600e6, 86_400e6, 7 * 86_400e6, 90e6].map(spanWords), ['1 h', '24 h', '7 d', '90 s']);
  });
});

describe('the catalogue', () => {
  it('has every field of the contract, each with words of its own', () => {
    const count = Object.values(fields).reduce((sum, one) => sum + Object.keys(one).length, 0);
    assert.equal(allFields.length, count);
    assert.equal(new Set(allFields.map((info) => info.label)).size, count);
  });

  it('puts every field on the panel, once', () => {
    const more = moreFields.flatMap((group) => group.fields.map((info) => info.path));
    const doubles = ['flow_run.id', 'flow_run.flow.id', 'flow_run.deployment.id'];
    assert.deepEqual([...mainPaths, ...more, ...doubles].sort(), allFields.map((info) => info.path).sort());
    for (const path of mainPaths) assert.notEqual(fieldInfo(path).group, 'Other');
  });
});

describe('orders', () => {
  it('all of Prefect’s are there', () => {
    const offered = (prefect: string | null) => sortsOf(prefect).filter((one) => one.prefect).length;
    assert.equal(offered('3.8.8'), taskRunSorts.length);
    assert.equal(offered(null), taskRunSorts.length);
    assert.equal(offered('3.9.1'), taskRunSorts.length + durationSorts.length);
    assert.equal(new Set(namedSorts.map((one) => JSON.stringify(one.keys))).size, namedSorts.length);
  });

  it('a header goes down, up, and back; Shift adds', () => {
    const down = clickedSort(defaultSort, 'duration', false);
    assert.deepEqual(down, [{ field: 'duration', dir: 'desc' }]);
    const up = clickedSort(down, 'duration', false);
    assert.deepEqual(up, [{ field: 'duration', dir: 'asc' }]);
    assert.deepEqual(clickedSort(up, 'duration', false), defaultSort);
    const two = clickedSort(down, 'name', true);
    assert.equal(two.length, 2);
    assert.equal(sortLabel(two), 'Duration ↓, Task run name ↑');
    assert.deepEqual(clickedSort(clickedSort(two, 'name', true), 'name', true), down);
  });

  it('the first click goes from A to Z on text, and to the newest or largest on times and numbers', () => {
    for (const { field, kind } of gridColumns) {
      const largest = ['time', 'duration', 'wait', 'count'].includes(kind);
      const dirs = new Set(clickedSort([{ field: 'run_count', dir: 'asc' }], field, false).map(({ dir }) => dir));
      if (field !== 'run_count' && fieldInfo(field).kind !== 'boolean')
        assert.deepEqual([...dirs], [largest ? 'desc' : 'asc'], field);
    }
  });

  it('a flow run is sorted as its cell shows it: by its flow, then by its name', () => {
    const first = clickedSort(defaultSort, 'flow_run.name', false);
    assert.deepEqual(first, [
      { field: 'flow_run.flow.name', dir: 'asc' },
      { field: 'flow_run.name', dir: 'asc' },
    ]);
    assert.deepEqual(columnSort(first), [{ field: 'flow_run.name', dir: 'asc' }]);
    assert.deepEqual(columnSort(clickedSort(first, 'flow_run.name', false)), [{ field: 'flow_run.name', dir: 'desc' }]);
    const two = clickedSort(first, 'duration', true);
    assert.deepEqual(
      columnSort(two).map(({ field }) => field),
      ['flow_run.name', 'duration'],
    );
    assert.deepEqual(clickedSort(clickedSort(two, 'duration', true), 'duration', true), first);
  });
});

describe('small words', () => {
  const status = (change: Partial<SyncStatus>): SyncStatus =>
    syncStatusSchema.parse({
      ...newStatus('w'),
      phase: 'running',
      step: 'task_runs',
      received: 10,
      task_runs: 5,
      expected: 20,
      rate: 1,
      seconds_left: 15,
      started: 0,
      ...change,
    });
  const sync = (change: Partial<SyncStatus>) => syncWords(status(change), String, (s) => `${s} s`).short;

  it('say how far a sync is', () => {
    assert.equal(sync({}), '25 % · 15 s left');
    assert.equal(sync({ expected: null }), 'Task runs · 10');
    assert.equal(sync({ waiting: { seconds: 7, reason: 'busy' } }), 'Server busy, 7 s');
    assert.equal(sync({ phase: 'cancelling' }), 'Stopping…');
  });

  it('say how far an export is, how fast and how long it still takes', () => {
    const far = { rows: 0, total: 1_000_000, bytes: 0, seconds: 0.05 };
    assert.equal(progressWords(far, 'run'), '0 of 1,000,000 runs · 0 B');
    assert.equal(
      progressWords({ ...far, rows: 400_000, bytes: 58_000_000, seconds: 2 }, 'run'),
      '400,000 of 1,000,000 runs · 58 MB · 200,000 a second · 3 s left',
    );
    // how many lines there are is not known before the last
    assert.equal(progressWords({ rows: 1, total: null, bytes: 90, seconds: 1 }, 'line'), '1 line · 90 B · 1 a second');
    assert.match(progressWords({ ...far, rows: 1_000_000, seconds: 2 }, 'run'), / · 0 s left$/);
  });

  it('say what the archive covers', () => {
    const cover = (change: Partial<SyncStatus>) =>
      coverageWords(status(change), { day: (t) => `day ${t}`, ago: (t) => `at ${t}` });
    assert.deepEqual(cover({ complete_since: 3, last_success: 5, checked: 4 }), {
      coverage: 'Every run since day 3',
      checked: 'checked at 4',
    });
    assert.equal(cover({})?.coverage, 'First sync under way');
    assert.equal(cover({ phase: 'idle', resumable: true })?.coverage, 'Not all runs are here yet');
    assert.equal(cover({ phase: 'idle' })?.coverage, 'Never synced');
    const none = (count: number, entity: 'task_run' | 'flow_run', named = Math.min(count, 20)) =>
      cover({
        phase: 'idle',
        last_success: 5,
        skipped: { count, rows: Array.from({ length: named }, () => ({ entity, id: null, reason: 'unreadable' })) },
      })?.coverage;
    assert.equal(none(0, 'task_run'), 'No runs here');
    assert.equal(none(1563, 'task_run'), 'No run could be read (1,563 left out)');
    assert.equal(none(2, 'flow_run'), 'No runs here');
    assert.equal(coverageWords(null, { day: String, ago: String }), null);
  });

  it('say what came since the list was read', () => {
    const news = (added: number, failed: number, removed: number) => newsWords({ added, failed, removed });
    assert.equal(news(43, 2, 1), '43 new, 2 failed');
    assert.equal(news(1200, 0, 0), '1,200 new');
    assert.equal(news(0, 0, 1), 'List has changed');
    assert.equal(news(0, 0, 0), null);
    assert.equal(newsWords({ added: 43, failed: 43, removed: 0 }, true), '43 new');
    assert.equal(newsWords('lost'), 'List has changed');
    assert.equal(newsWords(null), null);
  });

  it('names of exports are safe on every file system', () => {
    const now = Date.UTC(2026, 10, 23) * 1000;
    const csv = { preset: null, what: 'runs', ending: '.csv' } as const;
    const name = (change: Partial<Parameters<typeof exportName>[0]>) =>
      exportName({ ...csv, workspace: 'production', ...change }, now);
    assert.equal(name({ preset: 'Failed, last 24 h' }), 'production_failed-last-24-h_2026-11-23.csv');
    assert.equal(name({ workspace: 'a/b:c' }), 'a-b-c_2026-11-23.csv');
    assert.equal(name({ workspace: '日本', preset: '…' }), '2026-11-23.csv');
    assert.equal(name({ what: 'logs', ending: '.log' }), 'production_logs_2026-11-23.log');
    assert.equal(name({ ending: '' }), 'production_2026-11-23');
  });

  it('times that are typed: what the window writes, less of it, ISO 8601 and the query language', () => {
    const now = Date.UTC(2026, 2, 29, 12) * 1000;
    const noon = Date.UTC(2026, 2, 20, 12, 30, 5) * 1000;
    for (const utc of [true, false]) {
      assert.equal(readTime(writeTime(noon, utc, now), utc, now), noon);
      assert.equal(fromInput('nonsense', utc), null);
      for (const text of ['nonsense', '', '31 Feb', '5 Foo', '25:00', '2026-13-01', 'yesterday noon'])
        assert.equal(readTime(text, utc, now), null, text);
      assert.deepEqual(readTime('-7d', utc, now), { ago: 7 * 86_400e6 });
      assert.deepEqual(readTime('now', utc, now), { ago: 0 });
      for (const text of ['2026-03-20T12:30:05Z', '2026-03-20 13:30:05 +01:00'])
        assert.equal(readTime(text, utc, now), noon, text);
    }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), (second) => {
        assert.equal(readTime(writeTime(second * 1e6, true, now), true, now), second * 1e6);
      }),
    );
    const utc = (...parts: [number, number, number, number?, number?]) => Date.UTC(...parts) * 1000;
    const cases: [string, number][] = [
      ['29 Nov', utc(2026, 10, 29)],
      ['9 november 2025, 8:05', utc(2025, 10, 9, 8, 5)],
      ['today', utc(2026, 2, 29)],
      ['Yesterday 02:12', utc(2026, 2, 28, 2, 12)],
      ['8:05', utc(2026, 2, 29, 8, 5)],
      ['2026-03-20', utc(2026, 2, 20)],
      ['2026-03-20 08:05', utc(2026, 2, 20, 8, 5)],
    ];
    for (const [text, at] of cases) assert.equal(readTime(text, true, now), at, text);
  });

  it('keeps chosen values that the list does not hold', () => {
    const facet = { field: 'f', values: [{ value: 'a', label: 'A', count: 4 }], distinct: 9 };
    const choice = { include: ['z'], exclude: ['a'], mode: 'all' } as const;
    const merged = mergedValues(facet, { ...choice, include: ['z'], exclude: ['a'] }, 5, '', (id) => `name of ${id}`);
    assert.deepEqual(merged.at(-1), { value: 'z', label: 'name of z', count: null, isNew: false });
    assert.equal(
      mergedValues({ ...facet, distinct: 1 }, { ...choice, include: ['z'], exclude: [] }, 5, '', String).at(-1)?.count,
      0,
    );
    assert.equal(mergedValues(facet, { ...choice, include: ['z'], exclude: [] }, 5, 'q', String).length, 1);
    const fresh = { ...facet, new: [{ value: 'z', label: 'z', count: 2 }] };
    assert.deepEqual(mergedValues(fresh, { ...choice, include: ['z'], exclude: [] }, 5, '', String), [
      { value: 'a', label: 'A', count: 4, isNew: false },
      { value: 'z', label: 'z', count: 2, isNew: true },
    ]);
  });

  it('keys act only where nobody types', () => {
    const key = (name: string, more = {}) => ({
      key: name,
      shiftKey: false,
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      defaultPrevented: false,
      target: null,
      ...more,
    });
    assert.equal(shortcut(key('/'), false), 'search');
    assert.equal(shortcut(key('/'), true), null);
    assert.equal(shortcut(key('r', { ctrlKey: true }), false), null);
    assert.equal(shortcut(key('z', { ctrlKey: true }), false), 'undo');
    assert.equal(shortcut(key('Z', { metaKey: true, shiftKey: true }), false), 'redo');
    assert.equal(shortcut(key('z', { ctrlKey: true }), true), null);
    assert.equal(shortcut(key('z'), false), null);
    assert.equal(shortcut(key('Escape', { defaultPrevented: true }), false), null);
    assert.equal(shortcut(key('w'), false), null);
    assert.equal(shortcut(key('ArrowLeft', { altKey: true }), false), 'back');
    assert.equal(shortcut(key(']', { metaKey: true }), false), 'forward');
    assert.equal(shortcut(key('K', { ctrlKey: true, shiftKey: true }), false), null);
    const field = { target: { closest: (what: string) => (what.startsWith('input') ? {} : null) } } as never;
    assert.equal(shortcut(key('n', field), false), null);
    assert.equal(shortcut(key('k', { ctrlKey: true, ...(field as object) }), false), 'palette');
  });

  it('own keys take the place of those that came, and a key is that of one action at most', () => {
    const own = { next: 'm', search: 'n', close: 'x', gone: 'v' };
    assert.deepEqual(keysOf('next', own), ['m']);
    assert.deepEqual(keysOf('close', own), ['Escape'], 'it is fixed');
    assert.equal(actionWith('n', own), 'search');
    assert.equal(actionWith('/', own), null);
    assert.equal(actionWith('v', own), 'view');
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...shortcuts), fc.constantFrom('a', 'n', '/', 'Mod+K', 'Mod+Z'), { maxKeys: 4 }),
        (keys) => {
          const given = Object.values(keys);
          fc.pre(new Set(given).size === given.length);
          const all = shortcuts.flatMap((name) => keysOf(name, keys));
          assert.equal(new Set(all).size, all.length);
        },
      ),
    );
    for (const name of shortcuts)
      for (const one of keysOf(name, {})) if (name !== 'close') assert.equal(keyProblem(one), null, one);
    for (const one of ['Enter', 'Tab', 'j', 'Mod+C', 'Shift', 'Mod+Control'])
      assert.notEqual(keyProblem(one), null, one);
    assert.deepEqual(['Mod+Shift+Z', 'Alt+ArrowLeft', '+', 'Mod++'].map(keyWords), [
      'Ctrl/⌘ Shift Z',
      'Alt ←',
      '+',
      'Ctrl/⌘ +',
    ]);
  });
});

describe('the form for a server', () => {
  const form = { ...emptyForm, name: 'prod', apiUrl: 'https://prefect.example.com/api' };

  it('passes what the contract takes', () => {
    assert.deepEqual(formProblems(form, []), {});
    workspaceInputSchema.parse(formInput(form));
    workspaceInputSchema.parse(formInput({ ...form, auth: 'api_key' }));
    workspaceInputSchema.parse(formInput({ ...form, auth: 'basic', source: 'secret', secret: 'a:b' }));
  });

  it('says what is wrong, field by field', () => {
    assert.ok(formProblems(form, ['PROD']).name);
    assert.ok(formProblems({ ...form, name: '../x' }, []).name);
    for (const apiUrl of ['', 'ftp://host', 'two words', 'http://'])
      assert.ok(formProblems({ ...form, apiUrl }, []).apiUrl, apiUrl);
    for (const apiUrl of ['prefect.example.com', 'host:4200', ' https://host/dashboard '])
      assert.equal(formProblems({ ...form, apiUrl }, []).apiUrl, undefined, apiUrl);
    assert.ok(formProblems({ ...form, apiUrl: 'https://me:secret@host/api' }, []).apiUrl);
    assert.ok(formProblems({ ...form, auth: 'api_key', variable: 'NOT A NAME' }, []).variable);
    assert.ok(formProblems({ ...form, auth: 'basic', source: 'secret' }, []).secret);
    for (const caFile of ['ca.pem', '~/ca.pem', './ca.pem']) assert.ok(formProblems({ ...form, caFile }, []).caFile);
    for (const headers of ['X-Team', 'X Team: a', ': a', 'X-Team:', 'A: b\nnonsense'])
      assert.ok(formProblems({ ...form, headers }, []).headers, headers);
    assert.equal(workspaceHost('http://127.0.0.1:4200/api'), '127.0.0.1:4200');
  });

  it('headers and a CA file go along, empty ones do not', () => {
    const input = formInput({ ...form, headers: '\nX-Team: data: all\r\nx-b:2\n', caFile: ' C:\\ca.pem ' });
    assert.deepEqual(input.headers, { 'X-Team': 'data: all', 'x-b': '2' });
    assert.equal(input.ca_file, 'C:\\ca.pem');
    assert.equal(workspaceInputSchema.parse(formInput({ ...form, caFile: ' ' })).ca_file, null);
  });

  it('Cloud: a key and a chosen workspace, whatever the server fields hold', () => {
    const cloud = { ...form, where: 'cloud' as const, apiUrl: 'nonsense', auth: 'basic' as const };
    assert.deepEqual(Object.keys(formProblems(cloud, [])), ['cloudUrl']);
    const chosen = { ...cloud, cloudUrl: 'https://api.prefect.cloud/api/accounts/a/workspaces/b' };
    assert.deepEqual(formProblems(chosen, []), {});
    const input = workspaceInputSchema.parse(formInput(chosen));
    assert.equal(input.api_url, chosen.cloudUrl);
    assert.deepEqual(input.auth, { kind: 'env', scheme: 'api_key', variable: 'PREFECT_API_KEY' });
    for (const handles of ['acme/prod', '_a/ü', `${'x'.repeat(80)}/y`, '/', 'a/ ']) {
      const [account = '', workspace = ''] = handles.split('/');
      const name = cloudName({ account, workspace, api_url: '' });
      assert.equal(formProblems({ ...chosen, name }, []).name, undefined, name);
    }
  });
});
