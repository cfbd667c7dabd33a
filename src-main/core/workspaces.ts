/** The list of workspaces: which server, how to sign in, which file. Kept in one small file; secrets are kept elsewhere. */
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { dialectSchema, type Dialect } from '../contract/query.ts';
import type { Workspace, workspaceInputSchema } from '../contract/rows.ts';
import { fetchRuleSchema, keepingSchema, meteredSchema } from '../contract/sync.ts';
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
  /** seconds; null: as the settings say */
  sync_every: z.number().min(0).nullable().default(null),
  metered: meteredSchema.default('auto'),
});
export type Entry = z.infer<typeof entrySchema>;
/** What an edit of the connection may change. */
export type ConnectionPart = Pick<Entry, 'name' | 'api_url' | 'auth' | 'headers' | 'insecure_tls' | 'ca_file'>;
type Input = z.output<typeof workspaceInputSchema>;

const usual = {
  keeping: keepingSchema.parse({}),
  fetch_rule: fetchRuleSchema.parse({}),
  paused: false,
  sync_every: null,
  metered: 'auto' as const,
};
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
    this.refuseTaken(input.name, null);
    if (input.auth.kind === 'secret') await this.#secrets.set(input.name, input.auth.secret);
    const entry: Entry = {
      name: input.name,
      kind: 'server',
      file: this.#freeFile(input.name),
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

  /**
   * `secret`: one just typed. A kept one that is no longer needed goes last, so that whatever is cut short leaves an entry that
   * can sign in. Throws BAD_INPUT for a name that is taken.
   */
  async edit(name: string, change: ConnectionPart, secret: string | null): Promise<Entry> {
    this.refuseTaken(change.name, name);
    const before = this.get(name).auth.kind === 'kept' ? await this.#secrets.get(name) : null;
    const kept = change.auth.kind === 'kept' ? (secret ?? before) : null;
    if (kept !== null) await this.#secrets.set(change.name, kept);
    try {
      const saved = await this.update(name, change);
      if (change.name !== name || (kept === null && before !== null)) await this.#secrets.remove(name);
      return saved;
    } catch (thrown) {
      if (change.name !== name) await this.#secrets.remove(change.name);
      else if (before !== null) await this.#secrets.set(name, before);
      throw thrown;
    }
  }

  setDialect(name: string, dialect: Dialect, source: 'auto' | 'chosen'): Promise<Entry> {
    return this.update(name, { dialect, dialect_source: source });
  }

  async remove(name: string): Promise<void> {
    this.get(name);
    await this.#file.set(this.list().filter((one) => one.name !== name));
    await this.#secrets.remove(name);
  }

  /** Throws BAD_INPUT when another workspace than `besides` has the name. */
  refuseTaken(name: string, besides: string | null): void {
    if (this.list().some((one) => one.name !== besides && one.name.toLowerCase() === name.toLowerCase()))
      throw new AppError('BAD_INPUT', `there is already a workspace named ${name}`, { workspace: name });
  }

  /** Named after the workspace, unless a renamed one, or one spelled nearly the same, has that file. */
  #freeFile(name: string): string {
    const base = name.replace(/[^A-Za-z0-9._-]/g, '_');
    const taken = new Set(this.list().map(({ file }) => file.toLowerCase()));
    for (let i = 1; ; i++) {
      const file = `${base}${i === 1 ? '' : `~${i}`}.sqlite`;
      if (!taken.has(file.toLowerCase())) return file;
    }
  }

  /** `typed`: a secret that is not kept yet. Throws SECRET_MISSING when the keychain or the environment lacks it. */
  async connection(entry: Entry, typed: string | null = null): Promise<Connection> {
    const { auth } = entry;
    let signIn: Connection['auth'] = null;
    if (auth.kind === 'env') signIn = { scheme: auth.scheme, secret: secretFromEnv(auth.variable) };
    if (auth.kind === 'kept') {
      const secret = typed ?? (await this.#secrets.get(entry.name));
      if (!secret)
        throw new AppError('SECRET_MISSING', `no secret is kept for ${entry.name}`, { workspace: entry.name });
      signIn = { scheme: auth.scheme, secret };
    }
    const { api_url, headers, insecure_tls, ca_file } = entry;
    return { api_url, auth: signIn, headers, insecure_tls, ca_file };
  }
}

/** What the window may know of an entry. `facts`: what is not in it. */
export function describe(
  entry: Entry,
  facts: { task_runs: number | null; bytes: number | null; sync_every: number },
): Workspace {
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
    metered: entry.metered,
    ...facts,
  };
}
