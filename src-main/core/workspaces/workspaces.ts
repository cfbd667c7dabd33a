/**
 * The list of workspaces: which server, how to sign in, which file. Kept in one small file; secrets, the values of custom
 * headers among them, are kept elsewhere.
 */
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { dialectSchema, type Dialect } from '../../contract/query.ts';
import type { Workspace, workspaceInputSchema } from '../../contract/workspace.ts';
import { syncEverySchema } from '../../contract/settings.ts';
import { fetchRuleSchema, retentionSchema } from '../../contract/sync.ts';
import { dirname } from 'node:path';
import { nameInUse } from '../../store/file/files.ts';
import { openJsonFile, type JsonFile } from '../files/json-file.ts';
import { pathsIn } from '../files/paths.ts';
import { secretFromEnv } from '../files/secrets.ts';
import type { Secrets } from '../shell.ts';
import type { Connection } from '../../prefect/connection.ts';

const scheme = z.enum(['api_key', 'basic']);
export const MAX_DEMO_RUNS = 10_000_000;
const LATEST = 9e15; // µs, the year 2255: exact in a Float64 until then

export const entrySchema = z.object({
  name: z.string(),
  kind: z.enum(['demo', 'server', 'case']),
  /** file name of its archive, given once */
  file: z.string(),
  /** The key of its secrets, given once: the command line can rename a workspace though it cannot read Electron's keychain. */
  secrets: z.string(),
  api_url: z.string(),
  auth: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('env'), scheme, variable: z.string() }),
    z.object({ kind: z.literal('kept'), scheme }),
  ]),
  /** names; their values are kept with the secrets */
  headers: z.array(z.string()),
  insecure_tls: z.boolean(),
  ca_file: z.string().nullable().default(null),
  dialect: dialectSchema,
  dialect_source: z.enum(['auto', 'chosen', 'unknown']),
  /** demo only: how many runs, and the µs its story is told from, so that it is the same story tomorrow */
  demo: z.object({ runs: z.number().int().min(1).max(MAX_DEMO_RUNS), epoch: z.number().min(0).max(LATEST) }).nullable(),
  retention: retentionSchema.default(retentionSchema.parse({})),
  fetch_rule: fetchRuleSchema.default(fetchRuleSchema.parse({})),
  paused: z.boolean().default(false),
  /** seconds; null: as the settings say */
  sync_every: syncEverySchema.nullable().default(null),
  /** by the person: the way to the server is paid for by what goes over it */
  metered: z.boolean().default(false),
});
export type Entry = z.infer<typeof entrySchema>;
/** What an edit of the connection may change. */
export type ConnectionPart = Pick<Entry, 'name' | 'api_url' | 'auth' | 'headers' | 'insecure_tls' | 'ca_file'>;
/** What belongs to a connection and is not in its entry. null: the kept ones, as long as the connection needs any. */
export type Typed = { secret: string | null; headers: Record<string, string> | null };
type Input = z.output<typeof workspaceInputSchema>;
type NewCase = { wanted: string; file: string; api_url: string; dialect: Dialect };

const usual = {
  retention: retentionSchema.parse({}),
  fetch_rule: fetchRuleSchema.parse({}),
  paused: false,
  sync_every: null,
  metered: false,
};
const headersSchema = z.record(z.string(), z.string());
/** Names of workspaces and of files have no slash. */
const headersOf = (secrets: string) => `${secrets}/headers`;

export class Workspaces {
  readonly #file: JsonFile<Entry[]>;
  readonly #secrets: Secrets;
  /** the folder of the archives */
  readonly #archives: string;
  /** case files that are open: they end with the program, and no file lists them */
  #cases: readonly Entry[] = [];

  private constructor(file: JsonFile<Entry[]>, secrets: Secrets, archives: string) {
    this.#file = file;
    this.#archives = archives;
    this.#secrets = secrets;
  }

  /** `readOnly`: why nothing may be changed; null: it may. */
  static async open(path: string, secrets: Secrets, readOnly: AppError | null): Promise<Workspaces> {
    const file = await openJsonFile(path, z.array(entrySchema), [], { holds: 'workspaces', readOnly });
    return new Workspaces(file, secrets, dirname(pathsIn(dirname(path)).archive('x')));
  }

  async #keepHeaders(secrets: string, headers: Record<string, string>): Promise<void> {
    if (Object.keys(headers).length > 0) await this.#secrets.set(headersOf(secrets), JSON.stringify(headers));
  }

  /** Throws SECRET_MISSING when the names are known and the values are not kept. */
  async headers(name: string): Promise<Record<string, string>> {
    const { headers, secrets } = this.get(name);
    if (headers.length === 0) return {};
    const kept = headersSchema.safeParse(JSON.parse((await this.#secrets.get(headersOf(secrets))) ?? 'null'));
    if (kept.success) return kept.data;
    throw new AppError('SECRET_MISSING', `the custom headers of ${name} are not kept`, {
      workspace: name,
      what: 'value of a custom header',
    });
  }

  /** FILE_SET_ASIDE when the list could not be understood, else null */
  get setAside(): AppError | null {
    return this.#file.setAside;
  }

  get secretsKind(): Secrets['kind'] {
    return this.#secrets.kind;
  }

  list(): Entry[] {
    return [...this.#file.get(), ...this.#cases];
  }

  /** Throws NOT_FOUND. */
  get(name: string): Entry {
    const stored = this.list().find((one) => one.name === name);
    if (!stored) throw new AppError('NOT_FOUND', `no workspace named ${name}`, { workspace: name });
    return stored;
  }

  /** `archive`: name of an existing file that no workspace has, to go on with; null: a new one. */
  async add(input: Input, archive: string | null = null): Promise<Entry> {
    this.refuseTaken(input.name, null);
    const file = archive ?? this.#freeFile(input.name);
    const secrets = `file:${file}`;
    if (input.auth.kind === 'secret') await this.#secrets.set(secrets, input.auth.secret);
    await this.#keepHeaders(secrets, input.headers);
    const entry: Entry = {
      name: input.name,
      kind: 'server',
      file,
      secrets,
      api_url: input.api_url,
      auth: input.auth.kind === 'secret' ? { kind: 'kept', scheme: input.auth.scheme } : input.auth,
      headers: Object.keys(input.headers),
      insecure_tls: input.insecure_tls,
      ca_file: input.ca_file,
      dialect: input.dialect ?? 'sqlite',
      dialect_source: input.dialect ? 'chosen' : 'unknown',
      demo: null,
      ...usual,
    };
    await this.#file.change((all) => {
      if (all.some((one) => one.file === file)) throw taken(input.name); // by another that was added at the same moment
      return [...all, entry];
    });
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
      file: this.#freeFile(name),
      secrets: name,
      api_url: '',
      auth: { kind: 'none' },
      headers: [],
      insecure_tls: false,
      ca_file: null,
      dialect: 'sqlite',
      dialect_source: 'auto',
      demo: { runs, epoch: Date.now() * 1000 },
      ...usual,
    };
    await this.#file.change((all) => (all.some((one) => one.name === name) ? all : [...all, entry]));
    return this.get(name);
  }

  /** A case file as a workspace of this run of the program. `wanted`: its name, unless another has it; `file`: path of its archive. */
  addCase({ wanted, file, api_url, dialect }: NewCase): Entry {
    const names = new Set(this.list().map((one) => one.name.toLowerCase()));
    let name = wanted;
    for (let i = 2; names.has(name.toLowerCase()); i++) name = `${wanted} ${i}`;
    const entry: Entry = {
      name,
      kind: 'case',
      file,
      secrets: name,
      api_url,
      auth: { kind: 'none' },
      headers: [],
      insecure_tls: false,
      ca_file: null,
      dialect,
      dialect_source: 'chosen',
      demo: null,
      ...usual,
    };
    this.#cases = [...this.#cases, entry];
    return entry;
  }

  /** Throws CASE_READ_ONLY for a case file. */
  async update(name: string, change: Partial<Entry>): Promise<Entry> {
    const { file, kind } = this.get(name);
    if (kind === 'case') throw new AppError('CASE_READ_ONLY', `${name} is a case file`);
    await this.#file.change((all) => all.map((one) => (one.file === file ? { ...one, ...change } : one)));
    return this.get(change.name ?? name);
  }

  /**
   * What is kept and no longer needed goes last, so that whatever is cut short leaves an entry that can sign in. Throws
   * BAD_INPUT for a name that is taken.
   */
  async edit(name: string, change: ConnectionPart, { secret, headers }: Typed): Promise<Entry> {
    this.refuseTaken(change.name, name);
    const { secrets } = this.get(name);
    const typed = new Map<string, string>();
    if (change.auth.kind === 'kept' && secret !== null) typed.set(secrets, secret);
    if (change.headers.length > 0 && headers !== null) typed.set(headersOf(secrets), JSON.stringify(headers));
    const before = new Map<string, string | null>();
    for (const key of typed.keys()) before.set(key, await this.#secrets.get(key));
    for (const [key, value] of typed) await this.#secrets.set(key, value);
    try {
      const saved = await this.update(name, change);
      if (change.auth.kind !== 'kept') await this.#secrets.remove(secrets);
      if (change.headers.length === 0) await this.#secrets.remove(headersOf(secrets));
      return saved;
    } catch (thrown) {
      for (const [key, value] of before)
        await (value === null ? this.#secrets.remove(key) : this.#secrets.set(key, value));
      throw thrown;
    }
  }

  setDialect(name: string, dialect: Dialect, source: 'auto' | 'chosen'): Promise<Entry> {
    return this.update(name, { dialect, dialect_source: source });
  }

  async remove(name: string): Promise<void> {
    const { secrets, kind } = this.get(name);
    if (kind === 'case') {
      this.#cases = this.#cases.filter((one) => one.name !== name);
      return;
    }
    await this.#file.change((all) => all.filter((one) => one.name !== name));
    await this.#secrets.remove(secrets);
    await this.#secrets.remove(headersOf(secrets));
  }

  /** Throws BAD_INPUT when another workspace than `besides` has the name. */
  refuseTaken(name: string, besides: string | null): void {
    if (this.list().some((one) => one.name !== besides && one.name.toLowerCase() === name.toLowerCase()))
      throw taken(name);
  }

  /** Named after the workspace, unless another one has that file, or it is there already: kept of a removed workspace, or what lies beside such a one. */
  #freeFile(name: string): string {
    const base = name.replace(/[^A-Za-z0-9._-]/g, '_');
    const taken = new Set(this.list().map(({ file }) => file.toLowerCase()));
    for (let i = 1; ; i++) {
      const file = `${base}${i === 1 ? '' : `~${i}`}.sqlite`;
      if (!taken.has(file.toLowerCase()) && !nameInUse(this.#archives, file)) return file;
    }
  }

  /** `typed`: what is not kept yet. Throws SECRET_MISSING when the keychain or the environment lacks it. */
  async connection(entry: Entry, typed: Typed | null = null): Promise<Connection> {
    const { auth } = entry;
    let signIn: Connection['auth'] = null;
    if (auth.kind === 'env') signIn = { scheme: auth.scheme, secret: secretFromEnv(auth.variable) };
    if (auth.kind === 'kept') {
      const secret = typed?.secret ?? (await this.#secrets.get(entry.secrets));
      if (!secret)
        throw new AppError('SECRET_MISSING', `no secret is kept for ${entry.name}`, { workspace: entry.name });
      signIn = { scheme: auth.scheme, secret };
    }
    const { api_url, insecure_tls, ca_file } = entry;
    const headers = typed?.headers ?? (await this.headers(entry.name));
    return { api_url, auth: signIn, headers, insecure_tls, ca_file };
  }
}

const taken = (name: string): AppError =>
  new AppError('BAD_INPUT', `there is already a workspace named ${name}`, { workspace: name });

/** What the window may know of an entry. `facts`: what is not in it. */
export function describe(
  entry: Entry,
  facts: Pick<Workspace, 'task_runs' | 'bytes' | 'sync_every' | 'prefect'>,
): Workspace {
  const { auth } = entry;
  return {
    name: entry.name,
    kind: entry.kind,
    api_url: entry.api_url,
    auth: auth.kind === 'none' ? 'none' : auth.scheme,
    secret_env: auth.kind === 'env' ? auth.variable : null,
    custom_headers: entry.headers,
    insecure_tls: entry.insecure_tls,
    dialect: entry.dialect,
    dialect_source: entry.dialect_source,
    ca_file: entry.ca_file,
    retention: entry.retention,
    fetch_rule: entry.fetch_rule,
    paused: entry.paused,
    metered: entry.metered,
    ...facts,
  };
}
