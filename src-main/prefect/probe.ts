/** Asks a server for its version and size, before it is added or its address is changed. */
import { createClient } from './client.ts';
import type { Connection } from './connection.ts';

/** `api_url`: the API's exact address, which may differ from the typed one. */
type Probed = { api_url: string; version: string | null; task_runs: number };

/** Throws the one SERVER_ code that tells what is wrong with the address or the sign-in. */
export async function probeServer(connection: Connection, signal: AbortSignal): Promise<Probed> {
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
