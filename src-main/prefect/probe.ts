/** Asks a server for its version and size, before it is added or its address is changed. */
import { AppError } from '../contract/errors.ts';
import { withSchemes } from './address.ts';
import { createClient } from './client.ts';
import type { Connection } from './connection.ts';

/** `api_url`: the API's exact address, which may differ from the typed one. */
type Probed = { api_url: string; version: string | null; task_runs: number };

/** What another scheme may mend: nothing that answers, or nothing of Prefect's. A certificate that is not trusted is not passed by. */
const elsewhere = ({ code, details }: AppError) =>
  code === 'SERVER_UNREACHABLE' ||
  code === 'SERVER_TIMEOUT' ||
  code === 'SERVER_NOT_PREFECT' ||
  code === 'SERVER_REJECTED' ||
  (code === 'SERVER_TLS' && details['http'] !== undefined);

/**
 * An address without a scheme is tried with those it can mean. Throws the one SERVER_ code that tells what is wrong with the address or the sign-in;
 * of two tries, with the likelier scheme.
 */
export async function probeServer(connection: Connection, signal: AbortSignal): Promise<Probed> {
  let first: unknown;
  for (const api_url of withSchemes(connection.api_url, sendsSecret(connection))) {
    try {
      return await probeAt({ ...connection, api_url }, signal);
    } catch (thrown) {
      first ??= thrown;
      if (!(thrown instanceof AppError) || !elsewhere(thrown)) throw first;
    }
  }
  throw first;
}

/** Whether a sign-in or a header of the person's goes along with every request. */
export function sendsSecret({ auth, headers }: Connection): boolean {
  return auth !== null || Object.keys(headers ?? {}).length > 0;
}

async function probeAt(connection: Connection, signal: AbortSignal): Promise<Probed> {
  const client = createClient(connection);
  try {
    const options = { signal, urgent: true };
    // the count first: like a sync it needs a Prefect API, the sign-in and CSRF, and the version does not
    const task_runs = await client.count('task_run', {}, options);
    return { api_url: await client.apiUrl(options), version: await client.version(options), task_runs };
  } finally {
    await client.close();
  }
}
