/** What a sync remembers of its server, once the archive is to be read from another address. No sync may run. */
import type { Client } from '../../contract/define.ts';
import { freshState, parseState, STATE_KEY } from '../../sync/state.ts';
import { freshVerify, VERIFY_KEY } from '../../sync/windows.ts';
import type { writerContract } from '../workers/contracts.ts';

/** `server`: its address from now on. `everything`: also what has been read and compared, so that the next sync begins anew. Rows stay. */
export async function forgetServer(
  writer: Client<typeof writerContract>,
  server: string,
  everything: boolean,
): Promise<void> {
  await writer.setServer({ server });
  const state = everything ? freshState() : { ...parseState(await writer.state({ key: STATE_KEY })), server: null };
  await writer.setState({ key: STATE_KEY, value: state });
  if (everything) await writer.setState({ key: VERIFY_KEY, value: freshVerify() });
}
