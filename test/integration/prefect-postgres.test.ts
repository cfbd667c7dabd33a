/** The `postgres` dialect: the local API answers what a real Prefect 3.8.8 server on PostgreSQL answers. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { comparePicked, compareRandom, prepare, type Prepared } from '../fixtures/prefect/differential.ts';
import { noPostgres, startPostgres, type Postgres } from '../fixtures/prefect/postgres.ts';
import { noPrefect, startPrefect, type PrefectServer } from '../fixtures/prefect/server.ts';

describe('Prefect 3.8.8 on PostgreSQL', { skip: noPrefect() || noPostgres() }, () => {
  let postgres: Postgres;
  let server: PrefectServer;
  let prepared: Prepared;

  before(async () => {
    postgres = await startPostgres();
    server = await startPrefect({ postgresUrl: postgres.url });
    prepared = await prepare(server);
  });
  after(async () => {
    await prepared?.archive.close();
    await server?.stop();
    await postgres?.stop();
  });

  test('the sync brings every row and finds the dialect', () => {
    const { archive, comparison } = prepared;
    assert.equal(archive.dialect, 'postgres');
    for (const entity of ['task_run', 'flow_run', 'flow', 'deployment'] as const)
      assert.equal(archive.engine.total(entity), comparison.rows[entity].size, entity);
  });

  test('picked requests', (t) => comparePicked(t, prepared, 'postgres'));

  test('random requests', (t) => compareRandom(t, prepared, 1000));
});
