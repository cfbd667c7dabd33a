/** The fast way to CSV and the frozen index, each against the plain way: cell by cell, and before the change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { delimiters, exportColumn, exportOptionsSchema, type ExportColumn } from '../../src-main/contract/export.ts';
import { fieldsOf, pathsFromTaskRun } from '../../src-main/contract/fields.ts';
import { TRUE } from '../../src-main/contract/query.ts';
import { csvBlock } from '../../src-main/core/workers/export/block.ts';
import { csvLine } from '../../src-main/contract/csv-text.ts';
import { csvCell, type CsvOptions } from '../../src-main/export/csv.ts';
import { timeFormat } from '../../src-main/contract/local-time.ts';
import type { Value } from '../../src-main/export/cells.ts';
import { Engine } from '../../src-main/query/engine.ts';
import * as arbitrary from '../fixtures/arbitrary-archive.ts';
import type { FakeArchive } from '../fixtures/fake-archive.ts';
import '../fixtures/ci-seed.ts';
import { isRule } from '../../src-main/query/columns/run-rules.ts';

/** Every field that an export can name, from a task run. */
const paths = pathsFromTaskRun.flatMap(({ entity, prefix }) => fieldsOf(entity).map(([name]) => prefix + name));
const columns = paths.map(exportColumn);

const zone = fc.constantFrom(null, 'Europe/Berlin', 'America/St_Johns');
const options = fc
  .record({
    delimiter: fc.constantFrom(...delimiters),
    safe: fc.boolean(),
    tags: fc.constantFrom('json' as const, 'joined' as const),
    time_zone: zone,
  })
  .map((asked) => {
    const all = exportOptionsSchema.parse(asked);
    return { ...all, time: timeFormat(all.time_zone) };
  });

function loaded(archive: FakeArchive): Engine {
  archive.commit();
  const engine = new Engine(archive, { dialect: 'sqlite' });
  engine.load();
  return engine;
}

const orderOf = (engine: Engine) => engine.ask({ where: TRUE, sort: [{ field: 'name', dir: 'asc' }], now: 0 }).order;

function plainLines(read: ((rid: number) => Value)[], of: readonly ExportColumn[], csv: CsvOptions, rids: Uint32Array) {
  const cells = (rid: number) => read.map((one, i) => csvCell(one(rid), of[i].kind, csv));
  return Array.from(rids, (rid) => csvLine(cells(rid), csv)).join('');
}

test('blocks are byte for byte the lines that are written cell by cell', () => {
  fc.assert(
    fc.property(
      arbitrary.archive,
      arbitrary.change,
      options,
      fc.shuffledSubarray(columns, { minLength: 1 }),
      (steps, more, csv, some) => {
        const archive = arbitrary.build(steps);
        const engine = loaded(archive);
        const block = csvBlock(engine, some, csv, () => true);
        assert.ok(block);
        const read = some.map(({ path }) => engine.accessor(path));
        // once more after a change: arrays and dictionaries have grown under the block
        for (let round = 0; round < 2; round++) {
          const order = orderOf(engine);
          assert.equal(block.lines(order).toString(), plainLines(read, some, csv, order));
          arbitrary.perform(archive, more);
          engine.apply(archive.commit());
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('numbers and times of any size are written as the plain way writes them', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -5, max: 2_000_000_000 }).map((n) => n / 1e6),
    fc.integer({ min: 0, max: 2_000_000_000 }),
    fc.double({ min: 0, max: 100_000, noNaN: true }),
    fc.constantFrom(0, 0.1, 0.000001, 1e-7, 1e9, 999_999_999.999999, 0.5, 123.456),
  );
  const micros = fc.oneof(
    fc.integer({ min: -70_000_000_000_000_000, max: 260_000_000_000_000_000 }),
    fc.integer({ min: 0, max: 2_000_000_000_000_000 }),
  );
  const some = ['total_run_time', 'start_time', 'duration'].map(exportColumn);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(number, micros, micros), { minLength: 1, maxLength: 20 }),
      zone,
      (rows, time_zone) => {
        const archive = arbitrary.build(
          rows.slice(0, arbitrary.pools.task_run.length).map(([total_run_time, start_time, end_time], i) => ({
            entity: 'task_run' as const,
            row: { id: arbitrary.pools.task_run[i], total_run_time, start_time, end_time },
          })),
        );
        const engine = loaded(archive);
        const csv = { ...exportOptionsSchema.parse({ time_zone }), time: timeFormat(time_zone) };
        const order = orderOf(engine);
        const read = some.map(({ path }) => engine.accessor(path));
        const block = csvBlock(engine, some, csv, () => true);
        assert.equal(block?.lines(order).toString(), plainLines(read, some, csv, order));
      },
    ),
    { numRuns: 300 },
  );
});

test('a frozen index gives what there was, whatever commits come; rows it calls unchanged still have it', () => {
  fc.assert(
    fc.property(arbitrary.archive, fc.array(arbitrary.change, { minLength: 1, maxLength: 5 }), (steps, changes) => {
      const archive = arbitrary.build(steps);
      const engine = loaded(archive);
      const order = orderOf(engine);
      const frozen = engine.freeze(paths);
      // what follows from many rows may change while its own row does not
      const own = paths.filter((path) => !isRule(path));
      const plain = engine.freeze(own);
      const values = () => Array.from(order, (rid) => paths.map((path) => structuredClone(frozen.reader(path)(rid))));
      const before = values();
      assert.ok(plain.unchanged(order));
      assert.ok(!frozen.unchanged(order));
      for (const change of changes) {
        arbitrary.perform(archive, change);
        engine.apply(archive.commit());
        assert.deepEqual(values(), before);
      }
      order.forEach((rid, i) => {
        if (plain.unchanged(Uint32Array.of(rid)))
          assert.deepEqual(
            own.map((path) => engine.accessor(path)(rid)),
            before[i].filter((_, at) => !isRule(paths[at])),
          );
      });
      // computed anew for somebody else's question
      for (const path of paths) engine.accessor(path);
      assert.deepEqual(values(), before);
      engine.thaw(plain);
      engine.thaw(frozen);
    }),
    { numRuns: 200 },
  );
});
