import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { entities, type Entity } from '../../src-main/contract/fields.ts';
import { columns, type Cell, type Change } from '../../src-main/store/columns.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { uuidText } from '../../src-main/store/uuid.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import '../fixtures/ci-seed.ts';

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const row = (value: Record<string, unknown>) => ({ json: JSON.stringify(value), value });

const plain = (row: readonly [number, ...Cell[]]) => row.map((cell) => (cell instanceof Uint8Array ? [...cell] : cell));

type Step =
  | { kind: 'write'; entity: Entity; rows: { n: number; name: string; ref: number }[] }
  | { kind: 'remove' | 'gone'; entity: Entity; ns: number[] }
  | { kind: 'reopen' };

const entity = fc.constantFrom(...entities);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      entity,
      rows: fc.array(
        fc.record({
          n: fc.nat({ max: 40 }),
          name: fc.string({ unit: 'binary', maxLength: 12 }),
          ref: fc.nat({ max: 20 }),
        }),
        { maxLength: 60 },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('remove' as const, 'gone' as const),
      entity,
      ns: fc.array(fc.nat({ max: 45 }), { maxLength: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
);

const parents: Record<Entity, string> = {
  task_run: 'flow_run_id',
  flow_run: 'parent_task_run_id',
  flow: 'none',
  deployment: 'flow_id',
};

test('after any sequence of writes, removals and reopenings the archive equals a map of texts', (t) => {
  const dir = tempDir(t);
  let run = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const path = join(dir, `${run++}.sqlite`);
      const model = new Map<string, { json: string; gone: number | null }>();
      // what an index keeps that only listens
      const heard = new Map<string, string>();
      let reader: ReturnType<typeof openReader> | null = null;
      const onChange = (change: Change) => {
        for (const one of entities) {
          for (const rid of change.removed[one] ?? []) heard.delete(`${one} ${rid}`);
          for (const rid of change.changed[one] ?? []) {
            const known = reader?.rowsByRid(one, [rid])[0]?.[2];
            heard.set(`${one} ${rid}`, known === 1 ? (reader?.json(one, [rid])[0] ?? '') : 'stub');
          }
        }
      };
      let writer = openWriter(path, { onChange });
      reader = openReader(path);
      try {
        steps.forEach((step, at) => {
          if (step.kind === 'reopen') {
            writer.close();
            reader?.close();
            writer = openWriter(path, { onChange });
            reader = openReader(path);
          } else if (step.kind === 'write') {
            const rows = step.rows.map(({ n, name, ref }) =>
              row({ id: uuid(n), name, [parents[step.entity]]: uuid(ref) }),
            );
            const counts = writer.write({ batches: [encodeRows(step.entity, rows)] });
            const last = new Map(rows.map(({ json, value }) => [`${step.entity} ${value.id as string}`, json]));
            let inserted = 0;
            let changed = 0;
            for (const [key, json] of last) {
              const old = model.get(key);
              if (!old) inserted++;
              else if (old.json !== json) changed++;
              model.set(key, { json, gone: null });
            }
            assert.deepEqual(counts, { inserted, changed, unchanged: last.size - inserted - changed });
          } else if (step.kind === 'gone') {
            writer.markGone(step.entity, step.ns.map(uuid), at);
            for (const n of step.ns) {
              const found = model.get(`${step.entity} ${uuid(n)}`);
              if (found && found.gone === null) found.gone = at;
            }
          } else {
            writer.remove(step.entity, step.ns.map(uuid), 5);
            for (const n of step.ns) model.delete(`${step.entity} ${uuid(n)}`);
          }
        });
        const found = new Map<string, { json: string; gone: number | null }>();
        const stored = new Map<string, string>();
        for (const one of entities) {
          const goneAt = Object.keys(columns[one]).indexOf('gone') + 1;
          const cells: [number, ...Cell[]][] = [...reader.rows(one, 0, reader.maxRid(one))];
          // neighbours are read at once: also where some are missing, and beyond the last
          const all: number[] = Array.from({ length: reader.maxRid(one) + 3 }, (_, rid) => rid);
          assert.deepEqual(reader.rowsByRid(one, all).map(plain), cells.map(plain));
          const every3rd = cells.map(([rid]) => rid).filter((rid) => rid % 3 === 0);
          assert.deepEqual(
            reader.rowsByRid(one, every3rd).map(plain),
            cells.filter(([rid]) => rid % 3 === 0).map(plain),
          );
          for (const row of cells) {
            const [rid, id, known] = row;
            const json = reader.json(one, [rid])[0];
            stored.set(`${one} ${rid}`, known === 1 ? json : 'stub');
            if (known === 0) continue;
            const text = uuidText(id as Uint8Array);
            assert.equal(reader.ridOf(one, text), rid);
            found.set(`${one} ${text}`, { json, gone: row[goneAt] as number | null });
          }
        }
        assert.deepEqual(found, new Map([...model].sort(() => 0)));
        assert.deepEqual(heard, stored);
      } finally {
        reader.close();
        writer.close();
      }
    }),
    { numRuns: 60 },
  );
});
