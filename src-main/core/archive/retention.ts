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
 * the deleting is cut short. `byItself`: no person has seen what goes. Then a run is as old as both clocks say, the server's and this
 * machine's: one that is years ahead would empty the archive.
 */
export async function enforceRetention(
  writer: Client<typeof writerContract>,
  retention: Retention,
  byItself: boolean,
): Promise<Removal> {
  const state = parseState(await writer.state({ key: STATE_KEY }));
  const ours = Date.now() * 1000;
  const now = byItself ? Math.min(ours, state.through ?? ours) : ours;
  const plan = await writer.preview({ retention, now });
  if (plan.before !== null && narrow(state, plan.before)) await writer.setState({ key: STATE_KEY, value: state });
  const nothing = plan.task_runs + plan.flow_runs === 0 && retention.gone === 'keep';
  return nothing ? plan : writer.enforce({ retention, now });
}
