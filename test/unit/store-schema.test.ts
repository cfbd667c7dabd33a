/** The tables of a new archive are those of the newest migration: a change of them without a step would leave archives that exist without it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { newestVersion } from '../../src-main/store/file/migrate.ts';
import { schemaSql } from '../../src-main/store/file/schema.ts';
import { FAILURE_RULE } from '../../src-main/store/failure.ts';

/** version of the tables → hash of their SQL, comments and the failure's rule left out */
const known: Record<number, string> = { 1: '86bc139e3f1af082' };

test('the tables are those of their version', () => {
  const sql = schemaSql.replace(/--.*$/gm, '').replaceAll(`'${FAILURE_RULE}'`, '').replace(/\s+/g, ' ');
  const hash = createHash('sha256').update(sql).digest('hex').slice(0, 16);
  const version = newestVersion();
  assert.equal(hash, known[version], `tables of version ${version} changed: add a migration and its hash, ${hash}`);
});
