/** Ids by which one server can be told from another: those of the newest kept runs and their parents. */
import type { Client } from '../../contract/define.ts';
import type { KnownIds, queryContract } from '../workers/contracts.ts';

/** Ids of each kind: one that the server knows is enough, and few flows are deleted. */
const FEW = 50;

/** Empty lists when no runs are kept. Runs marked gone count only when there are no others. */
export async function knownIds(query: Client<typeof queryContract>, signal: AbortSignal): Promise<KnownIds> {
  for (const where of [{ field: 'gone', isNull: true }, { and: [] }]) {
    const { rows, facets } = await query.ask(
      {
        query: { where, sort: [{ field: 'expected_start_time', dir: 'desc' }] },
        rows: { from: 0, to: FEW },
        facets: [{ field: 'flow_run.flow_id', limit: FEW }],
        histogram: null,
      },
      { signal },
    );
    if (rows.id.length === 0) continue;
    const some = (ids: readonly (string | null | undefined)[]) => [
      ...new Set(ids.filter((id) => typeof id === 'string')),
    ];
    return {
      flow: some(facets[0]?.values.map(({ value }) => value) ?? []),
      flow_run: some(rows.flow_run_id),
      task_run: some(rows.id),
    };
  }
  return { flow: [], flow_run: [], task_run: [] };
}
