/** Checks one question of the window with the server: its runs here, the same question as a Prefect body, and both counts. */
import type { Query } from '../../contract/query.ts';
import type { Check } from '../../contract/sync.ts';
import { toPrefectFilters } from '../../query/language/to-prefect.ts';
import type { Client } from '../../contract/define.ts';
import type { Connection } from '../../prefect/connection.ts';
import type { queryContract, syncContract } from '../workers/contracts.ts';

/** Task runs of a question that are compared one by one; of further ones only the number is compared. */
const ONE_BY_ONE = 20_000;

export type CheckOptions = {
  query: Query;
  index: Client<typeof queryContract>;
  sync: Client<typeof syncContract>;
  connection: Connection;
  /** what the server has deleted is deleted here too */
  drop: boolean;
  signal: AbortSignal;
};

/** `visible` settles when all that was written can be counted. Throws the server's errors. */
export async function checkWithServer(
  { query, index, sync, connection, drop, signal }: CheckOptions,
  visible: () => Promise<void>,
): Promise<Check> {
  const here: Query = { where: { and: [query.where, { field: 'gone', isNull: true }] }, sort: [] };
  const { ids, count: before } = await index.ids({ query: here, limit: ONE_BY_ONE }, { signal });
  const body = toPrefectFilters(query.where, Date.now() * 1000);
  const found = await sync.check({ connection, body, ids, count: before, drop }, { signal });
  await visible();
  const after = (await index.ids({ query: here, limit: 0 }, { signal })).count;
  return { ...found, before, after };
}
