/** Asks a server for its version and size, before it is added or its address is changed. */
import { AppError } from '../contract/errors.ts';
import { pastedAddress } from '../contract/pasted-address.ts';
import { withSchemes } from './address.ts';
import { createClient } from './client.ts';
import { speaksHttps } from './failures.ts';
import { healthSchema } from './wire.ts';
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

/** Nothing was said by whatever is at the address. */
const isSilent = (thrown: unknown) =>
  thrown instanceof AppError && ['SERVER_UNREACHABLE', 'SERVER_TIMEOUT'].includes(thrown.code);

/**
 * An address without a scheme is tried with those it can mean, and one that says http also with https when its connection breaks. Throws the
 * one SERVER_ code that tells what is wrong with the address or the sign-in: of two tries, with the scheme that was answered, else with the
 * likelier one.
 */
export async function probeServer(connection: Connection, signal: AbortSignal): Promise<Probed> {
  let first: unknown;
  for (const api_url of withSchemes(connection.api_url, sendsSecret(connection))) {
    try {
      return await probeAt({ ...connection, api_url }, signal);
    } catch (thrown) {
      if (first === undefined || (isSilent(first) && !isSilent(thrown))) first = thrown;
      if (!(thrown instanceof AppError) || !elsewhere(thrown)) throw first;
    }
  }
  const typed = pastedAddress(connection.api_url);
  const https = typed.replace(/^http:/i, 'https:');
  if (isSilent(first) && https !== typed && (await answers({ ...connection, api_url: https }, signal)))
    throw speaksHttps(https);
  throw first;
}

/** Whether something at an https address speaks TLS, be its certificate trusted or not, a Prefect server or not. */
async function answers(connection: Connection, signal: AbortSignal): Promise<boolean> {
  try {
    await probeAt(connection, signal);
    return true;
  } catch (thrown) {
    return thrown instanceof AppError && !isSilent(thrown) && thrown.details['http'] === undefined;
  }
}

/** Whether a sign-in or a header of the person's goes along with every request. */
export function sendsSecret({ auth, headers }: Connection): boolean {
  return auth !== null || Object.keys(headers ?? {}).length > 0;
}

async function probeAt(connection: Connection, signal: AbortSignal): Promise<Probed> {
  const client = createClient(connection);
  const options = { signal, urgent: true, once: true };
  try {
    // the count first: like a sync it needs a Prefect API, the sign-in and CSRF, and the version does not
    const task_runs = await client.count('task_run', {}, options);
    return { api_url: await client.apiUrl(options), version: await client.version(options), task_runs };
  } catch (thrown) {
    // a server that is no Prefect at all may fail too; its own error says so
    if (thrown instanceof AppError && thrown.code === 'SERVER_FAILED')
      await client.ask(healthSchema, { method: 'GET', path: '/health' }, options);
    throw thrown;
  } finally {
    await client.close();
  }
}
