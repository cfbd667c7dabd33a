/** SQL made of a question gives the rows, and the order, that the index gives: random archives and questions, on the views of a real archive. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { entities, fieldsOf, type Entity } from '../../src-main/contract/fields.ts';
import type { Condition, Dialect, Query } from '../../src-main/contract/query.ts';
import { formatTime } from '../../src-main/contract/time.ts';
import { Engine } from '../../src-main/query/engine.ts';
import { sayable, sayableSort, toSql } from '../../src-main/query/language/to-sql.ts';
import { columnOf } from '../../src-main/store/columns.ts';
import { openReader } from '../../src-main/store/read/reader.ts';
import { encodeRows } from '../../src-main/store/write/encode.ts';
import { openWriter } from '../../src-main/store/write/writer.ts';
import * as arbitrary from '../fixtures/arbitrary-archive.ts';
import * as ask from '../fixtures/arbitrary-questions.ts';
import type { FakeArchive, PlainRow } from '../fixtures/fake-archive.ts';
import { tempDir } from '../fixtures/temp-dir.ts';
import '../fixtures/ci-seed.ts';

const NOW = 1_700_000_060_000_001;

/** As the server would send it. */
function serverRow(entity: Entity, row: PlainRow) {
  const value: Record<string, unknown> = {};
  for (const [name, info] of fieldsOf(entity)) {
    const plain = row[columnOf(name, info)] ?? null;
    if (info.stored === false || info.json === null) continue;
    const path = (info.json ?? name).split('.');
    const shown = info.kind === 'time' && typeof plain === 'number' ? formatTime(plain) : plain;
    if (path.length === 1) value[name] = shown;
    else value[path[0]] = { ...(value[path[0]] as object | undefined), [path[1]]: shown };
  }
  if (entity === 'task_run') value.state = { ...(value.state as object), message: row.failure };
  return { json: JSON.stringify(value), value };
}

function stored(path: string, archive: FakeArchive): void {
  const writer = openWriter(path, { onChange: () => undefined });
  try {
    for (const entity of entities) {
      const rows = archive.listed(entity).map(({ row }) => row);
      writer.write({
        batches: [
          encodeRows(
            entity,
            rows.map((row) => serverRow(entity, row)),
          ),
        ],
      });
      // SQLite's functions know the years to 9999, as the server does
      for (const { id, gone } of rows)
        if (typeof gone === 'number' && gone < 253e15) writer.markGone(entity, [id], gone);
    }
  } finally {
    writer.close();
  }
}

const question = fc.record({ where: ask.condition('task_run'), sort: ask.sortKeys('task_run') });

test('SQL over the views answers a question as the index does', (t) => {
  const dir = tempDir(t);
  let made = 0;
  fc.assert(
    fc.property(
      arbitrary.archive,
      fc.constantFrom<Dialect>('sqlite', 'postgres'),
      fc.array(question, { minLength: 10, maxLength: 16 }),
      (steps, dialect, questions) => {
        const path = join(dir, `${made++}.sqlite`);
        stored(path, arbitrary.build(steps));
        const reader = openReader(path);
        const db = new Database(path, { readonly: true });
        try {
          const engine = new Engine(reader, { dialect });
          engine.load();
          for (const query of questions as Query[]) {
            const sql = toSql(query, [], dialect, NOW);
            // searches and runs left behind are left out, and named
            const where = { and: sayable(query.where).said };
            const order = engine.ask({ where, sort: sayableSort(query.sort), now: NOW }).order;
            const expected = Array.from(order, (rid) => engine.idOf('task_run', rid));
            const found = (db.prepare(sql).all() as { id: string }[]).map(({ id }) => id);
            // names in PostgreSQL's order are its collation's
            if (dialect === 'postgres') assert.deepEqual(found.sort(), expected.sort(), sql);
            else assert.deepEqual(found, expected, sql);
          }
        } finally {
          db.close();
          reader.close();
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('what a person reads of it is short', () => {
  const where: Condition = {
    and: [
      { field: 'state_type', in: ['FAILED', 'CRASHED'] },
      { field: 'start_time', from: { ago: 86_400_000_000 } },
      { not: { field: 'flow_run.flow.name', in: ["it's"] } },
    ],
  };
  const sort = [{ field: 'duration', dir: 'desc' as const }];
  assert.equal(
    toSql({ where, sort }, ['id', 'name', 'flow_run.flow.name'], 'sqlite', NOW),
    `SELECT
  id,
  name,
  flow_name AS "flow_run.flow.name"
FROM task_runs AS run
WHERE state_type IN ('FAILED', 'CRASHED')
  AND start_time >= '2023-11-13T22:14:20.000001Z'
  AND (flow_run_id IN (SELECT id FROM flow_runs WHERE flow_id IN (SELECT id FROM flows WHERE name = 'it''s'))) IS NOT TRUE
ORDER BY ((strftime('%s', substr(end_time, 1, 19)) * 1000000 + substr(end_time, 21, 6)) - (strftime('%s', substr(start_time, 1, 19)) * 1000000 + substr(start_time, 21, 6))) / 1000000.0 DESC NULLS LAST, id DESC;`,
  );
});
