/** Work pools and queues in the archive: a kind is replaced whole, what the server no longer has is kept and marked, or let go. */
import assert from 'node:assert/strict';
import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../src-main/contract/errors.ts';
import { documentKinds, type DocumentKind } from '../../src-main/contract/fields.ts';
import type { KeptDocument } from '../../src-main/store/write/documents.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { taskRuns } from '../fixtures/prefect-rows.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import '../fixtures/ci-seed.ts';

const idOf = (n: number) => `01a20aea-6dc4-4b34-82a2-${String(n).padStart(12, '0')}`;
const onChange = () => undefined;
const is = (code: string) => (thrown: unknown) => thrown instanceof AppError && thrown.code === code;

/** An archive of `rows` task runs; their texts. */
function filled(path: string, rows: number): string[] {
  const made = [...taskRuns(1, { rows, flowRuns: 3 })];
  const writer = openWriter(path, { onChange });
  writer.write({ batches: [encodeRows('task_run', made)], state: { cursor: 7 } });
  writer.close();
  return made.map(({ json }) => json);
}

const kind = fc.constantFrom(...documentKinds);
const one = fc.record({
  n: fc.integer({ min: 0, max: 5 }),
  name: fc.string({ maxLength: 4 }),
  json: fc.string({ unit: 'binary', maxLength: 9 }),
});
const replacing = fc.record({
  kind,
  documents: fc.uniqueArray(one, { selector: ({ n }) => n, maxLength: 6 }),
  all: fc.boolean(),
  drop: fc.boolean(),
  reopen: fc.boolean(),
});

test('after any replacements, reopenings and letting go, the table equals a map', (t) => {
  const dir = tempDir(t);
  let files = 0;
  fc.assert(
    fc.property(fc.array(replacing, { maxLength: 8 }), (steps) => {
      const path = join(dir, `${files++}.sqlite`);
      let writer = openWriter(path, { onChange });
      const kept: Record<DocumentKind, Map<string, KeptDocument>> = { work_pool: new Map(), work_queue: new Map() };
      for (const [i, { kind, documents, all, drop, reopen }] of steps.entries()) {
        const at = i + 1;
        const given = documents.map(({ n, name, json }) => ({ id: idOf(n), name, json }));
        const there = new Set(given.map(({ id }) => id));
        const old = kept[kind];
        const lost = [...old.values()].filter(({ id, gone }) => all && gone === null && !there.has(id));
        const changes = writer.replaceDocuments(kind, given, at, { all, drop });
        assert.deepEqual(
          changes.added.sort(),
          [...there].filter((id) => (old.get(id)?.gone ?? null) !== null || !old.has(id)).sort(),
        );
        assert.deepEqual(
          changes.renamed.sort(),
          given
            .filter(({ id, name }) => old.get(id)?.gone === null && old.get(id)?.name !== name)
            .map(({ id }) => id)
            .sort(),
        );
        assert.deepEqual(changes.gone.sort(), lost.map(({ id }) => id).sort());
        for (const { id } of lost) old.set(id, { ...(old.get(id) as KeptDocument), gone: at });
        for (const document of given) old.set(document.id, { ...document, gone: null });
        if (drop)
          for (const table of Object.values(kept))
            for (const document of table.values()) if (document.gone !== null) document.json = null;
        if (reopen) {
          writer.close();
          writer = openWriter(path, { onChange });
        }
      }
      const reader = openReader(path);
      for (const kind of documentKinds)
        assert.deepEqual(
          reader.documents(kind),
          [...kept[kind].values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
        );
      reader.close();
      writer.close();
    }),
    { numRuns: 60 },
  );
});

test('an id that is none changes nothing', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const writer = openWriter(path, { onChange });
  t.after(() => writer.close());
  const good = { id: idOf(1), name: 'a', json: '{}' };
  writer.replaceDocuments('work_pool', [good], 1, { all: true, drop: false });
  assert.throws(
    () =>
      writer.replaceDocuments(
        'work_pool',
        [
          { ...good, json: '[]' },
          { ...good, id: 'x' },
        ],
        2,
        { all: true, drop: false },
      ),
    is('BAD_INPUT'),
  );
  const reader = openReader(path);
  t.after(() => reader.close());
  assert.deepEqual(reader.documents('work_pool'), [{ ...good, gone: null }]);
});

test('a workspace that begins to mirror lets go of the texts of what is gone', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  const writer = openWriter(path, { onChange });
  t.after(() => writer.close());
  writer.replaceDocuments('work_queue', [{ id: idOf(1), name: 'a', json: '{}' }], 1, { all: true, drop: false });
  writer.replaceDocuments('work_queue', [], 2, { all: true, drop: false });
  const reader = openReader(path);
  t.after(() => reader.close());
  writer.enforce({ gone: 'keep', max_days: 1, max_bytes: null }, 3);
  assert.deepEqual(reader.documents('work_queue'), [{ id: idOf(1), name: 'a', gone: 2, json: '{}' }]);
  writer.enforce({ gone: 'drop', max_days: null, max_bytes: null }, 3);
  assert.deepEqual(reader.documents('work_queue'), [{ id: idOf(1), name: 'a', gone: 2, json: null }]);
});

test('documents of a damaged archive are salvaged, those that are gone too', (t) => {
  const path = join(tempDir(t), 'a.sqlite');
  filled(path, 1000);
  const pools = ['1', '2'].map((n) => ({ id: `01a20aea-6dc4-4b34-82a2-1b1505be976${n}`, name: n, json: `{"n":${n}}` }));
  const writer = openWriter(path, { onChange });
  writer.replaceDocuments('work_pool', pools, 5, { all: true, drop: false });
  writer.replaceDocuments('work_pool', pools.slice(1), 6, { all: true, drop: false });
  writer.close();
  const file = openSync(path, 'r+');
  const middle = Math.floor(statSync(path).size / 4096 / 2);
  writeSync(file, Buffer.alloc(8192, 0xa5), 0, 8192, middle * 4096);
  closeSync(file);
  writeFileSync(`${path}.suspect`, '');
  const opened = openWriter(path, { onChange });
  opened.close();
  assert.equal(opened.notice?.code, 'ARCHIVE_DAMAGED');
  const reader = openReader(path);
  t.after(() => reader.close());
  assert.deepEqual(
    reader.documents('work_pool').map(({ json, gone }) => [json, gone]),
    [
      ['{"n":1}', 6],
      ['{"n":2}', null],
    ],
  );
});
