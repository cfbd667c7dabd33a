/** The index written to a file and read again: the same answers, later commits taken in, and nothing of a file that is not whole. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { Engine } from '../../src-main/query/engine.ts';
import * as arbitrary from '../fixtures/arbitrary-archive.ts';
import * as ask from '../fixtures/arbitrary-questions.ts';
import type { FakeArchive } from '../fixtures/fake-archive.ts';
import '../fixtures/ci-seed.ts';

const folder = mkdtempSync(join(tmpdir(), 'taskscope-snapshot-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'index');
const sort = [{ field: 'name', dir: 'desc' as const }];

function everything(engine: Engine): unknown {
  const facets = ['state_type', 'tags', 'task_key', 'flow_run.flow_id', 'flow_run_id'].map((field) => ({
    field,
    limit: 99,
  }));
  return arbitrary.entityList.map((entity) => {
    const { count, order } = engine.ask({ entity, where: { and: [] }, sort, now: 0 });
    const rows = Array.from(order, (rid) =>
      ask.paths(entity, 1).map(({ path: field }) => engine.accessor(field, entity)(rid)),
    );
    const shown = entity === 'task_run' ? engine.ask({ where: { text: 'a' }, sort, now: 0, facets }).facets : null;
    return { count, total: engine.total(entity), rows, shown };
  });
}

function built(archive: FakeArchive, batch: number): Engine {
  const engine = new Engine(archive, { dialect: 'sqlite', smallResult: 0 });
  engine.load(batch);
  return engine;
}

test('a restored index answers the same, then takes in commits like the one that was saved', async () => {
  await fc.assert(
    fc.asyncProperty(arbitrary.archive, fc.array(arbitrary.change, { maxLength: 3 }), async (steps, changes) => {
      const archive = arbitrary.build(steps);
      const first = built(archive, archive.commit().batch);
      const before = everything(first);
      assert.equal(await first.save(path, 'one'), true);
      const second = new Engine(archive, { dialect: 'sqlite', smallResult: 0 });
      assert.equal(await second.restore(path, 'one', first.version), true);
      assert.equal(second.version, first.version);
      assert.deepEqual(everything(second), before);
      for (const change of changes) {
        arbitrary.perform(archive, change);
        const commit = archive.commit();
        first.apply(commit);
        second.apply(commit);
        const now = everything(built(archive, commit.batch));
        assert.deepEqual(everything(second), now);
        assert.deepEqual(everything(first), now);
      }
    }),
    { numRuns: 60 },
  );
});

const small = () => arbitrary.build(fc.sample(arbitrary.archive, { numRuns: 20, seed: 7 }).flat());

test('a snapshot of another archive, of a later commit, or none at all is not used', async () => {
  const archive = small();
  const engine = built(archive, archive.commit().batch + 5);
  await engine.save(path, 'one');
  const other = new Engine(archive, { dialect: 'sqlite' });
  assert.equal(await other.restore(path, 'two', 99), false);
  assert.equal(await other.restore(path, 'one', engine.version - 1), false);
  assert.equal(await other.restore(join(folder, 'none'), 'one', 99), false);
  assert.equal(other.total('task_run'), 0);
  assert.equal(await other.restore(path, 'one', 99), true);
});

test('any damaged byte or missing end is noticed', async () => {
  const archive = small();
  const engine = built(archive, archive.commit().batch);
  await engine.save(path, 'one');
  const whole = readFileSync(path);
  const other = new Engine(archive, { dialect: 'sqlite' });
  const used = Array.from(whole, (byte, at) => (byte === 0 || byte === 32 ? -1 : at)).filter((at) => at >= 0);
  for (let i = 0; i < 60; i++) {
    const damaged = Buffer.from(whole);
    const at = used[Math.floor((i / 60) * used.length)];
    damaged[at] ^= 0x5a;
    writeFileSync(path, damaged);
    assert.equal(await other.restore(path, 'one', 99), false, `byte ${at}`);
  }
  for (const length of [0, 3, 16, 200, whole.length - 1]) {
    writeFileSync(path, whole.subarray(0, length));
    assert.equal(await other.restore(path, 'one', 99), false, `${length} bytes`);
  }
});

test('a commit while it is written leaves the old file', async () => {
  const archive = small();
  const engine = built(archive, archive.commit().batch);
  assert.equal(await engine.save(path, 'one'), true);
  const old = readFileSync(path);
  const saving = engine.save(path, 'one');
  arbitrary.perform(archive, fc.sample(arbitrary.putStep('task_run'), { numRuns: 3, seed: 1 }));
  engine.apply(archive.commit());
  assert.equal(await saving, false);
  assert.deepEqual(readFileSync(path), old);
  assert.deepEqual(readdirSync(folder), ['index']);
});

test('a folder that cannot be written is an error of the file system', async () => {
  const archive = small();
  const engine = built(archive, archive.commit().batch);
  await assert.rejects(engine.save(join(folder, 'missing', 'index'), 'one'), { code: 'ENOENT' });
});
