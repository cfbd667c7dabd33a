/** One question of the window compared with the server: its runs here, the same question in Prefect's words, and both counts. */
import type { Query } from '../../contract/query.ts';
import type { Check } from '../../contract/sync.ts';
import { toPrefectFilters } from '../../query/language/to-prefect.ts';
import type { Client } from '../../contract/define.ts';
import type { Connection, queryContract, syncContract } from '../workers/contracts.ts';

/** Task runs of a question that are compared with the server one by one; more are compared by their number. */
const CHECKED = 20_000;

export type Compared = {
  query: Query;
  index: Client<typeof queryContract>;
  sync: Client<typeof syncContract>;
  connection: Connection;
  /** what the server has deleted is deleted here too */
  drop: boolean;
  signal: AbortSignal;
};

/** `visible` settles when what was written can be counted. Throws the server's errors. */
export async function compareQuestion(
  { query, index, sync, connection, drop, signal }: Compared,
  visible: () => Promise<void>,
): Promise<Check> {
  const here: Query = { where: { and: [query.where, { field: 'gone', isNull: true }] }, sort: [] };
  const { ids, count: before } = await index.ids({ query: here, limit: CHECKED }, { signal });
  const body = toPrefectFilters(query.where, Date.now() * 1000);
  const found = await sync.check({ connection, body, ids, count: before, drop }, { signal });
  await visible();
  const after = (await index.ids({ query: here, limit: 0 }, { signal })).count;
  return { ...found, before, after };
}
