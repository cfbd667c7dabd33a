/** Presets as a file, and what importing it would do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPresetFile, writePresetFile } from '../../src-main/contract/preset-file.ts';
import type { Preset, SavedPreset } from '../../src-main/contract/preset.ts';
import { defaultSort, TRUE } from '../../src-main/contract/query.ts';
import { freeName, importPlan } from '../../src-renderer/state/question/preset-import.ts';
import { differs, inOrder } from '../../src-renderer/state/question/preset-order.ts';
import { A, anyCondition, anyText } from '../fixtures/arbitrary-condition.ts';
import '../fixtures/ci-seed.ts';

const preset = (name: string, change: Partial<Preset> = {}): Preset => ({
  id: name,
  name,
  folder: '',
  query: { where: TRUE, sort: defaultSort },
  names: {},
  columns: null,
  frozen: 0,
  builtin: false,
  ...change,
});
const saved = ({ name, folder, query, names, columns, frozen, group }: Preset): SavedPreset => ({
  name,
  folder,
  query,
  names,
  columns,
  frozen,
  ...(group !== undefined && { group }),
});
/** undefined: of an older Taskscope, which kept none */
const anyGroup = fc.constantFrom<Preset['group']>(
  undefined,
  null,
  { field: 'flow_run.flow_id', time: null, sort: { by: 'failed', dir: 'desc' } },
  { field: 'start_time', time: 'day', sort: { by: 'label', dir: 'desc' } },
  { field: 'start_time', time: 'hour', sort: { by: 'label', dir: 'desc' } },
);
const plain = (one: unknown): unknown => JSON.parse(JSON.stringify(one));

const name = anyText.map((one) => one.trim()).filter((one) => one !== '');
const anyPreset = fc
  .record({
    name,
    folder: fc.constantFrom('', 'Morning', 'Übersicht'),
    query: fc.record({ where: anyCondition, sort: fc.constant(defaultSort) }),
    names: fc.constantFrom<Record<string, string>>({}, { [A]: 'nightly' }),
    columns: fc.option(fc.array(anyText, { maxLength: 3 }), { nil: null }),
    frozen: fc.nat(3),
    group: anyGroup,
  })
  .map((one) => preset(one.name, one));

test('a file holds what was exported and nothing of this machine', () => {
  fc.assert(
    fc.property(fc.array(anyPreset, { minLength: 1, maxLength: 4 }), (list) => {
      const text = writePresetFile(list);
      assert.deepEqual(plain(readPresetFile(text).presets), plain(list.map(saved)));
      assert.ok(!('id' in (JSON.parse(text) as { presets: object[] }).presets[0]));
    }),
  );
});

test('what is no such file is refused, and a newer one is told from it', () => {
  const other = { presets: null, problem: 'other' };
  for (const text of ['', '{}', '[]', 'null', '{"taskscope_presets":1,"presets":[]}', '{"taskscope_presets":"2"}'])
    assert.deepEqual(readPresetFile(text), other, text);
  const bad = { taskscope_presets: 1, presets: [{ ...saved(preset('x')), query: { where: { drop: 1 }, sort: [] } }] };
  assert.deepEqual(readPresetFile(JSON.stringify(bad)), other);
  assert.deepEqual(readPresetFile('{"taskscope_presets":2,"presets":{}}'), { presets: null, problem: 'newer' });
});

test('a name that is taken is a conflict, the same preset is none, and one of the app’s own is not replaced', () => {
  const here = [preset('Mine'), preset('Failed', { builtin: true })];
  const failed: Partial<Preset> = { query: { where: { field: 'state_type', in: ['FAILED'] }, sort: [] } };
  const incoming = [preset('New'), preset('mine', failed), preset('MINE'), preset('failed', failed)].map(saved);
  assert.deepEqual(
    importPlan(incoming, here).map(({ hows, same }) => [same, ...hows]),
    [
      [false, 'add', 'skip'],
      [false, 'both', 'replace', 'skip'],
      [true, 'skip'],
      [false, 'both', 'skip'],
    ],
  );
});

test('a free name is the name itself or the name with a number, and never too long', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 80 }), fc.nat(20), (wanted, copies) => {
      const taken: string[] = [];
      for (let i = 0; i <= copies; i++) taken.push(freeName(wanted, taken));
      assert.equal(new Set(taken.map((one) => one.toLowerCase())).size, copies + 1);
      assert.equal(taken[0], wanted);
      assert.ok(taken.every((one) => one.length <= 80));
    }),
  );
});

test('pinned ones stand first, then those in no folder, then the folders', () => {
  const list = [preset('a', { folder: 'Z' }), preset('b'), preset('c', { folder: 'M' }), preset('d', { folder: 'Z' })];
  const order = (pinned: string[]) =>
    inOrder(list, pinned)
      .map(({ id }) => id)
      .join('');
  assert.equal(order([]), 'bcad');
  assert.equal(order(['d', 'c']), 'dcba');
});

test('a preset differs from what is on screen by its grouping too, unless it leaves that as it is', () => {
  const any = anyGroup.map((group) => group ?? null);
  fc.assert(
    fc.property(anyGroup, any, (group, shown) => {
      const one = preset('a', { group });
      const same = group === undefined || JSON.stringify(group) === JSON.stringify(shown);
      assert.equal(differs(one, one.query, { fields: [], frozen: 0 }, shown), !same);
      const [item] = importPlan([saved(preset('a', { group: shown }))], [one]);
      assert.equal(item.same, JSON.stringify(group) === JSON.stringify(shown));
    }),
  );
});
