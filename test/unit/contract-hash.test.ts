/**
 * The window and the core may come from different builds (a page left open over an update), so a change of a message must be
 * meant. When this fails and the change is meant, put the printed hash into src-main/contract/contract-hash.ts and say in the commit what changed.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { z } from 'zod';
import { contract } from '../../src-main/contract/calls.ts';
import { CONTRACT_HASH } from '../../src-main/contract/contract-hash.ts';

test('the contract is the one that was reviewed', () => {
  const shapes = Object.entries(contract)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [
      name,
      member.kind,
      schemaOf(member.input),
      schemaOf(member.kind === 'call' ? member.output : member.item),
    ]);
  const hash = createHash('sha256').update(JSON.stringify(shapes)).digest('hex').slice(0, 16);
  assert.equal(hash, CONTRACT_HASH, `the contract changed; its hash is now ${hash}`);
});

function schemaOf(schema: z.ZodType): unknown {
  // both: rows are sent as columns and used as rows, and only the rows say which fields there are
  return (['input', 'output'] as const).map((io) => z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
}
