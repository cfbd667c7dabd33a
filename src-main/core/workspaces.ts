/** The list of workspaces: which server, how to sign in, which file. Kept in one small file; secrets are kept elsewhere. */
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { dialectSchema, type Dialect } from '../contract/query.ts';
import type { Workspace, workspaceInputSchema } from '../contract/rows.ts';
import { fetchRuleSchema, keepingSchema } from '../contract/sync.ts';
import { openJsonFile, type JsonFile } from './json-file.ts';
import { secretFromEnv } from './secrets.ts';
import type { Secrets } from './shell.ts';
import type { Connection } from './worker-contracts.ts';

const scheme = z.enum(['api_key', 'basic']);
const entrySchema = z.object({
  name: z.string(),
  kind: z.enum(['demo', 'server']),
  /** file name of its archive, given once */
  file: z.string(),
  api_url: z.string(),
  auth: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('env'), scheme, variable: z.string() }),
    z.object({ kind: z.literal('kept'), scheme }),
  ]),
  headers: z.record(z.string(), z.string()),
  insecure_tls: z.boolean(),
  ca_file: z.string().nullable().default(null),
  dialect: dialectSchema,
  dialect_source: z.enum(['auto', 'chosen', 'unknown']),
  /** demo only: how many runs, and the µs its story is told from, so that it is the same story tomorrow */
  demo: z.object({ runs: z.number(), epoch: z.number() }).nullable(),
  keeping: keepingSchema.default(keepingSchema.parse({})),
  fetch_rule: fetchRuleSchema.default(fetchRuleSchema.parse({})),
  paused: z.boolean().default(false),
});
export type Entry = z.infer<typeof entrySchema>;
type Input = z.output<typeof workspaceInputSchema>;

const usual = { keeping: keepingSchema.parse({}), fetch_rule: fetchRuleSchema.parse({}), paused: false };
const OWNER_ONLY = 0o600; // custom headers may carry a token

export class Workspaces {
  readonly #file: JsonFile<Entry[]>;
  readonly #secrets: Secrets;

  private constructor(file: JsonFile<Entry[]>, secrets: Secrets) {
    this.#file = file;
    this.#secrets = secrets;
  }

  static async open(path: string, secrets: Secrets, readOnly: boolean): Promise<Workspaces> {
    return new Workspaces(await openJsonFile(path, z.array(entrySchema), [], { mode: OWNER_ONLY, readOnly }), secrets);
  }

  get secretsKind(): Secrets['kind'] {
    return this.#secrets.kind;
  }

  list(): Entry[] {
    return this.#file.get();
  }

  /** Throws NOT_FOUND. */
  get(name: string): Entry {
    const entry = this.list().find((one) => one.name === name);
    if (!entry) throw new AppError('NOT_FOUND', `no workspace named ${name}`, { workspace: name });
    return entry;
  }

  async add(input: Input): Promise<Entry> {
    if (this.list().some((one) => one.name.toLowerCase() === input.name.toLowerCase()))
      throw new AppError('BAD_INPUT', `there is already a workspace named ${input.name}`, { workspace: input.name });
    if (input.auth.kind === 'secret') await this.#secrets.set(input.name, input.auth.secret);
    const entry: Entry = {
      name: input.name,
      kind: 'server',
      file: `${input.name.replace(/[^A-Za-z0-9._-]/g, '_')}.sqlite`,
      api_url: input.api_url,
      auth: input.auth.kind === 'secret' ? { kind: 'kept', scheme: input.auth.scheme } : input.auth,
      headers: input.headers,
      insecure_tls: input.insecure_tls,
      ca_file: input.ca_file,
      dialect: input.dialect ?? 'sqlite',
      dialect_source: input.dialect ? 'chosen' : 'unknown',
      demo: null,
      ...usual,
    };
    await this.#file.set([...this.list(), entry]);
    return entry;
  }

  /** The demo of that size, made on first use. 20,000 runs is the ordinary one and is just called `demo`. */
  async demo(runs: number, ordinary: number): Promise<Entry> {
    const name = runs === ordinary ? 'demo' : `demo-${runs}`;
    const known = this.list().find((one) => one.name === name);
    if (known) return known;
    const entry: Entry = {
      name,
      kind: 'demo',
      file: `${name}.sqlite`,
      api_url: '',
      auth: { kind: 'none' },
      headers: {},
      insecure_tls: false,
      ca_file: null,
      dialect: 'sqlite',
      dialect_source: 'auto',
      demo: { runs, epoch: Date.now() * 1000 },
      ...usual,
    };
    await this.#file.set([...this.list(), entry]);
    return entry;
  }

  async update(name: string, change: Partial<Entry>): Promise<Entry> {
    const changed = { ...this.get(name), ...change };
    await this.#file.set(this.list().map((one) => (one.name === name ? changed : one)));
    return changed;
  }

  setDialect(name: string, dialect: Dialect, source: 'auto' | 'chosen'): Promise<Entry> {
    return this.update(name, { dialect, dialect_source: source });
  }

  async remove(name: string): Promise<void> {
    this.get(name);
    await this.#file.set(this.list().filter((one) => one.name !== name));
    await this.#secrets.remove(name);
  }

  /** Throws SECRET_MISSING when the keychain or the environment lacks it. */
  async connection(entry: Entry): Promise<Connection> {
    const { auth } = entry;
    let signIn: Connection['auth'] = null;
    if (auth.kind === 'env') signIn = { scheme: auth.scheme, secret: secretFromEnv(auth.variable) };
    if (auth.kind === 'kept') {
      const secret = await this.#secrets.get(entry.name);
      if (!secret)
        throw new AppError('SECRET_MISSING', `no secret is kept for ${entry.name}`, { workspace: entry.name });
      signIn = { scheme: auth.scheme, secret };
    }
    const { api_url, headers, insecure_tls, ca_file } = entry;
    return { api_url, auth: signIn, headers, insecure_tls, ca_file };
  }
}

/** What the window may know of an entry. */
export function describe(entry: Entry, size: { task_runs: number | null; bytes: number | null }): Workspace {
  const { auth } = entry;
  return {
    name: entry.name,
    kind: entry.kind,
    api_url: entry.api_url,
    auth: auth.kind === 'none' ? 'none' : auth.scheme,
    secret_env: auth.kind === 'env' ? auth.variable : null,
    custom_headers: Object.keys(entry.headers),
    insecure_tls: entry.insecure_tls,
    dialect: entry.dialect,
    dialect_source: entry.dialect_source,
    ca_file: entry.ca_file,
    keeping: entry.keeping,
    fetch_rule: entry.fetch_rule,
    paused: entry.paused,
    ...size,
  };
}
