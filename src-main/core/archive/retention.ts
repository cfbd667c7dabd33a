/** Carries out how long an archive keeps its runs. */
import type { Retention, Removal } from '../../contract/sync.ts';
import type { Client } from '../../contract/define.ts';
import { narrow, parseState, STATE_KEY } from '../../sync/state.ts';
import type { writerContract } from '../workers/contracts.ts';

/** Whether runs are deleted from the archive as time goes by, whatever the server does. */
export function deletesByItself({ max_days, max_bytes }: Retention): boolean {
  return max_days !== null || max_bytes !== null;
}

/** Where a first harvest begins, µs: older runs would be deleted after it. null: at the first run. */
export function oldestKept({ max_days }: Retention): number | null {
  return max_days === null ? null : (Date.now() - max_days * 86_400_000) * 1000;
}

/**
 * Deletes what `retention` does not want; no sync may run. The sync's state is narrowed first, so that deleted runs are not read again when
 * the deleting is cut short.
 */
export async function enforceRetention(writer: Client<typeof writerContract>, retention: Retention): Promise<Removal> {
  const now = Date.now() * 1000;
  const plan = await writer.preview({ retention, now });
  if (plan.before !== null) {
    const state = parseState(await writer.state({ key: STATE_KEY }));
    if (narrow(state, plan.before)) await writer.setState({ key: STATE_KEY, value: state });
  }
  const nothing = plan.task_runs + plan.flow_runs === 0 && retention.gone === 'keep';
  return nothing ? plan : writer.enforce({ retention, now });
}
