/** Ids by which a server can be told from another: of what was kept last and should still be there. */
import type { Client } from '../../contract/define.ts';
import type { KnownIds, queryContract } from '../workers/contracts.ts';

/** Of each kind; one known id is enough, and flows deleted since are few. */
const FEW = 50;

/** All empty when nothing is kept. Rows marked as gone count only when there are no others. */
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
