/** The address that answered is the address that is kept. */
import { toAppError } from '../../contract/errors.ts';
import { exactApiUrl, withSchemes } from '../../prefect/address.ts';
import type { Connection } from '../../prefect/connection.ts';
import { sendsSecret } from '../../prefect/probe.ts';
import type { Archives } from '../archive/archives.ts';

/** ms until a server that does not answer is kept as it was typed */
const WITHIN = 10_000;

/**
 * The API's exact address. A server is asked only when what was typed can mean several; when none of them answers, what was typed is kept,
 * with the scheme it is to be tried with. Throws BAD_INPUT, CANCELLED and SECRET_MISSING.
 */
export async function settledAddress(
  server: Archives['server'],
  typed: string,
  connectionTo: () => Connection | Promise<Connection>,
  signal: AbortSignal,
): Promise<string> {
  const exact = exactApiUrl(typed);
  if (exact !== null) return exact;
  const connection = await connectionTo();
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(WITHIN)]);
    return (await server.probe({ connection }, { signal: limit })).api_url;
  } catch (thrown) {
    const { code } = toAppError(thrown);
    if (signal.aborted || (code !== 'CANCELLED' && !code.startsWith('SERVER_'))) throw thrown;
    return withSchemes(typed, sendsSecret(connection))[0];
  }
}
