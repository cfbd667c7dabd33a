/** Names in two parts, at sizes where the dictionaries overflow and patterns are resolved lazily. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src-main/query/engine.ts';
import { Names } from '../../src-main/query/columns/names.ts';
import { FakeArchive } from '../fixtures/fake-archive.ts';
import { Naive } from '../fixtures/naive.ts';

const id = (n: number) => `${n.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;

function archiveOf(names: readonly string[]): FakeArchive {
  const archive = new FakeArchive();
  names.forEach((name, i) => archive.put('task_run', { id: id(i + 1), name }));
  archive.commit();
  return archive;
}

test('a name without room for its suffix is kept whole and found again', () => {
  const names = new Names();
  const all = Array.from({ length: 70_000 }, (_, i) => `task-${i.toString(36)}`);
  const codes = all.map((name) => {
    names.intern(name);
    return [names.head, names.suffix] as const;
  });
  assert.ok(names.suffixes.length <= 65_536);
  all.forEach((name, i) => {
    const [head, suffix] = codes[i];
    assert.equal(names.text(head, suffix), name);
    assert.ok(names.find(name));
    assert.deepEqual([names.head, names.suffix], [head, suffix]);
  });
  assert.equal(names.find('task-none'), false);
  names.intern(null);
  assert.equal(names.text(names.head, names.suffix), null);
});

test('patterns over many heads and suffixes, looked at one by one or only as rows need them', () => {
  const names = Array.from(
    { length: 60_000 },
    (_, i) => `${['load', 'Load_a', 'x', 'extract', 'ab', 'b%'][i % 6]}-${(i * 7919).toString(36)}`,
  );
  const archive = archiveOf(names);
  for (const dialect of ['sqlite', 'postgres'] as const) {
    const engine = new Engine(archive, { dialect });
    engine.load();
    const naive = new Naive(archive, dialect);
    const read = engine.accessor('name');
    for (const like of ['load', 'a-1', 'd%1', '_-_z', 'a%b%1', 'l_a%-%0', 'zz', '\\%-', 'T-']) {
      const { order } = engine.ask({ where: { field: 'name', like }, sort: [], now: 0 });
      const expected = names.filter((name) => naive.like(name, like));
      assert.deepEqual(Array.from(order, (rid) => read(rid) as string).sort(), expected.sort(), `${dialect} ${like}`);
    }
  }
});

test('name order where one head begins another, by either collation, forwards and backwards', () => {
  const heads = [
    'a-',
    'a-b-',
    'A-',
    'A-B-',
    'ab-',
    'ä-',
    'ab',
    'æ-',
    'ae-',
    'ß-',
    'ss-',
    'z',
    '_',
    ' -',
    '😀-',
    '\uffee-',
    "a'-",
  ];
  const names = heads.flatMap((head) => ['', '1', 'B', 'b', 'ä', '10'].map((tail) => head + tail));
  const archive = archiveOf([...names, ...names]);
  for (const dialect of ['sqlite', 'postgres'] as const) {
    const engine = new Engine(archive, { dialect, smallResult: 0 });
    engine.load();
    const naive = new Naive(archive, dialect);
    for (const dir of ['asc', 'desc'] as const) {
      const sort = [{ field: 'name', dir }];
      const { order } = engine.ask({ where: { and: [] }, sort, now: 0 });
      const expected = naive.sorted('task_run', naive.rows('task_run'), sort);
      assert.deepEqual(
        Array.from(order, (rid) => engine.idOf('task_run', rid)),
        expected.map((row) => row.id),
      );
    }
  }
});
