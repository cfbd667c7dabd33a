/** A workspace as the window sees it and changes it: which server, how to sign in, what is kept. */
import { z } from 'zod';
import { bounded } from './bounded.ts';
import { dialectSchema } from './query.ts';
import { fetchRuleSchema, retentionSchema } from './sync.ts';

const authKindSchema = z.enum(['none', 'api_key', 'basic']);
/** A workspace as the renderer may see it: where, never the secret. */
export const workspaceSchema = z.object({
  name: z.string(),
  /** case: runs that somebody handed over, only read, without a server */
  kind: z.enum(['demo', 'server', 'case']),
  api_url: z.string(),
  auth: authKindSchema,
  /** environment variable the secret is read from; null: kept by the shell, or none */
  secret_env: z.string().nullable(),
  custom_headers: z.array(z.string()),
  insecure_tls: z.boolean(),
  /** path of a file with the certificates to trust besides the system's */
  ca_file: z.string().nullable(),
  dialect: dialectSchema,
  /** the dialect was found by asking the server (auto) or set by the person */
  dialect_source: z.enum(['auto', 'chosen', 'unknown']),
  /** the server's version of Prefect, as the last sync found it; null: not known, or the archive is not open */
  prefect: z.string().nullable(),
  task_runs: z.number().nullable(),
  bytes: z.number().nullable(),
  retention: retentionSchema,
  fetch_rule: fetchRuleSchema,
  /** no pass by the clock, no events, until the person goes on */
  paused: z.boolean(),
  /** seconds between two syncs that start by themselves; 0: only when asked */
  sync_every: z.number(),
  metered: z.boolean(),
});
export type Workspace = z.infer<typeof workspaceSchema>;

export const workspaceInputSchema = z.object({
  name: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$/),
  api_url: z.string().trim().min(1),
  auth: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('env'), scheme: z.enum(['api_key', 'basic']), variable: z.string().min(1) }),
    z.object({ kind: z.literal('secret'), scheme: z.enum(['api_key', 'basic']), secret: z.string().min(1) }),
  ]),
  headers: bounded(z.record(z.string(), z.string()), 200).default({}),
  insecure_tls: z.boolean().default(false),
  ca_file: z.string().trim().min(1).nullable().default(null),
  dialect: dialectSchema.nullable().default(null),
});
export type WorkspaceInput = z.input<typeof workspaceInputSchema>;

/** An archive in the data folder that no workspace has any more. `file`: its name; `server`: the address it was last synced with. */
export const keptArchiveSchema = z.object({
  file: z.string(),
  task_runs: z.number(),
  bytes: z.number(),
  server: z.string().nullable(),
});
export type KeptArchive = z.infer<typeof keptArchiveSchema>;

/** A workspace's connection as it is to be. Secrets the window has never seen stay by being named, not by being sent back. */
export const connectionEditSchema = z.object({
  name: workspaceInputSchema.shape.name,
  api_url: workspaceInputSchema.shape.api_url,
  /** keep: as it is, with the secret kept for it */
  auth: z.discriminatedUnion('kind', [
    ...workspaceInputSchema.shape.auth.options,
    z.object({ kind: z.literal('keep') }),
  ]),
  /** all there are to be; null: the value that header has now */
  headers: bounded(z.record(z.string(), z.string().nullable()), 200),
  insecure_tls: z.boolean(),
  ca_file: z.string().trim().min(1).nullable(),
});
export type ConnectionEdit = z.infer<typeof connectionEditSchema>;

/** One workspace of a Prefect Cloud account, as the key may see it. */
export const cloudWorkspaceSchema = z.object({ account: z.string(), workspace: z.string(), api_url: z.string() });
export type CloudWorkspace = z.infer<typeof cloudWorkspaceSchema>;

/** A server found on this machine, offered, never added by itself. The secret stays in main. */
export const candidateSchema = z.object({
  id: z.string(),
  name: z.string(),
  api_url: z.string(),
  auth: authKindSchema,
  source: z.string(),
  active: z.boolean(),
});
export type Candidate = z.infer<typeof candidateSchema>;
