/** Where a Prefect server is and how to sign in: all that is needed to talk to it. Secrets included, so never logged and never shown. */
import { z } from 'zod';

export const connectionSchema = z.object({
  /** as a person may type it; see `apiUrlGuesses` */
  api_url: z.string(),
  /**
   * `api_key`: Prefect Cloud, or a server behind a proxy that wants a bearer token. `basic`: PREFECT_SERVER_API_AUTH_STRING,
   * `user:password` in clear text. null: the server asks for nothing.
   */
  auth: z.object({ scheme: z.enum(['api_key', 'basic']), secret: z.string() }).nullable(),
  headers: z.record(z.string(), z.string()).default({}),
  insecure_tls: z.boolean().default(false),
  /** full path of a PEM file with further certificate authorities */
  ca_file: z.string().nullable().default(null),
});
export type Connection = z.input<typeof connectionSchema>;
export type Auth = Connection['auth'];
