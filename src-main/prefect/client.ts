/** Asks a Prefect server and checks its answers. All calls read; Taskscope never changes anything on a server. */
import type { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { plural, type DocumentKind, type Entity } from '../contract/fields.ts';
import type { ServerRow } from '../contract/server-row.ts';
import { Exchange, type Answered, type AskOptions, type ServerRequest, type ClientSettings } from './exchange.ts';
import { isBadAnswer } from './failures.ts';
import { elementsOf, type Element } from './rows.ts';
import {
  countSchema,
  pageLimitSchema,
  shortRunsSchema,
  versionSchema,
  wireDocumentSchema,
  wireParentSchema,
  wireRunSchema,
  type WireDocument,
} from './wire.ts';

export type { AskOptions, ClientSettings, Wait } from './exchange.ts';

/** Prefect's default for PREFECT_SERVER_API_DEFAULT_LIMIT, which is also the largest page allowed. */
export const USUAL_PAGE_LIMIT = 200;
const ANY_TIME = '2000-01-01T00:00:00.000000Z';
/** Further attempts at what can be done without. */
const FEW_RETRIES = 1;
/** Rows. An operator may allow more; larger pages only cost memory. */
const LARGEST_PAGE = 1000;

/** A row whose id is a string and whose times are times or null (`wireRunSchema`, `wireParentSchema`); its other values are not checked. */
export type Row = ServerRow & { value: z.output<typeof wireRunSchema> };
/** A row of a page that cannot be kept. `id`: as the server spells it, null when it is no text; `field`: the first one that is not what it must be. */
export type BadRow = { id: string | null; field: string; why: string };
export type Page<T = Row> = { rows: T[]; bad: BadRow[]; serverTime: number | null };

/** A work pool or work queue; `json` is its exact text. */
export type DocumentRow = { json: string; value: WireDocument };

/** Body of a /filter call. Without `limit` the server takes its own. */
export type FilterBody = { sort?: string; limit?: number; offset?: number } & Record<string, unknown>;

/** Which filter keys this server knows; it answers others with 422. */
type Features = { expectedStart: boolean; taskRunEnd: boolean; flowRunEnd: boolean };
export const allFeatures: Features = { expectedStart: true, taskRunEnd: true, flowRunEnd: true };

export type PrefectClient = {
  apiUrl(options?: AskOptions): Promise<string>;
  /** Full rows of /{entity}s/filter, in the server's order; rows that do not fit their schema are in `bad` instead. */
  page(entity: Entity, body: FilterBody, options?: AskOptions): Promise<Page>;
  /** One full row of GET /{entity}s/{id}. Throws NOT_FOUND; SERVER_BAD_REPLY for a row that does not fit its schema. */
  row(entity: Entity, id: string, options?: AskOptions): Promise<Row>;
  /** Ids of a page of flow runs, from a route that does not read their parameters. null: the server lacks it, as Cloud does. */
  flowRunIds(body: FilterBody, options?: AskOptions): Promise<string[] | null>;
  /**
   * A page of the server's work pools (by name) or work queues (by name; of one `pool`, by priority). null: the server
   * lacks this endpoint or forbids it.
   */
  documents(
    kind: DocumentKind,
    body: FilterBody,
    pool: string | null,
    options?: AskOptions,
  ): Promise<Page<DocumentRow> | null>;
  count(entity: Entity, filters?: Record<string, unknown>, options?: AskOptions): Promise<number>;
  /** Prefect's version, as 3.8.8; null where the server does not tell (Cloud). */
  version(options?: AskOptions): Promise<string | null>;
  /** Asks for each key; null when the server answers none of these requests. */
  features(options?: AskOptions): Promise<Features | null>;
  /** The largest page the server gives. */
  pageLimit(options?: AskOptions): Promise<number>;
  /** Any other call, checked by `schema`; a reply that does not fit is SERVER_BAD_REPLY. */
  ask<T extends z.ZodType>(schema: T, request: ServerRequest, options?: AskOptions): Promise<z.output<T>>;
  /** A call that answers with a list: each element as `schema` has it, with its exact text. */
  list<T extends z.ZodType>(
    schema: T,
    request: ServerRequest,
    options?: AskOptions,
  ): Promise<{ json: string; value: z.output<T> }[]>;
  /** Drops the connections; waiting calls fail. */
  close(): Promise<void>;
};

/** Throws BAD_INPUT for an address or header that cannot be used; nothing is contacted before the first call. */
export function createClient(settings: ClientSettings): PrefectClient {
  const exchange = new Exchange(settings);

  async function ask<T extends z.ZodType>(
    schema: T,
    request: ServerRequest,
    options?: AskOptions,
  ): Promise<z.output<T>> {
    const { value } = await exchange.ask(request, options);
    return checked(schema, request.path, value);
  }

  /** null for answers that an older server or Cloud does not give, or that a server cannot give */
  async function optional<T>(answer: Promise<T>): Promise<T | null> {
    try {
      return await answer;
    } catch (thrown) {
      const absent = ['SERVER_NOT_PREFECT', 'SERVER_FORBIDDEN', 'SERVER_REJECTED', 'NOT_FOUND'];
      if (isBadAnswer(thrown) || (thrown instanceof AppError && absent.includes(thrown.code))) return null;
      throw thrown;
    }
  }

  /** Whether the filter has this key: a server answers an unknown one with 422. The request matches no row. */
  async function knows(entity: Entity, key: string, options?: AskOptions): Promise<boolean> {
    const body = { [plural[entity]]: { id: { any_: [] }, [key]: { before_: ANY_TIME } } };
    try {
      const path = `/${plural[entity]}/count`;
      await ask(countSchema, { method: 'POST', path, body }, { ...options, retries: FEW_RETRIES });
      return true;
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'SERVER_REJECTED') return false;
      throw thrown;
    }
  }

  /** One page of a route that lists; rows that do not fit the schema are in `bad`. */
  async function listed<T>(
    schema: z.ZodType,
    path: string,
    body: FilterBody,
    options: AskOptions | undefined,
  ): Promise<Page<T>> {
    const answered = await exchange.ask({ method: 'POST', path, body }, options);
    const rows: T[] = [];
    const bad: BadRow[] = [];
    for (const one of elements(path, answered)) {
      const parsed = schema.safeParse(one.value);
      if (parsed.success)
        rows.push(one as T); // with all its values: the schema's output has only those it checks
      else bad.push(badRow(one.value, parsed.error));
    }
    return { rows, bad, serverTime: answered.serverTime };
  }

  return {
    apiUrl: (options) => exchange.apiUrl(options),
    ask,
    close: () => exchange.close(),

    async list(schema, request, options) {
      return listOf(schema, request.path, await exchange.ask(request, options));
    },

    page: (entity, body, options) => listed(schemaOf(entity), `/${plural[entity]}/filter`, body, options),

    async row(entity, id, options) {
      const path = `/${plural[entity]}/${id}`;
      const { text, value } = await exchange.ask({ method: 'GET', path, oneRow: true }, options);
      checked(schemaOf(entity), path, value);
      return { json: text.trim(), value } as Row;
    },

    async flowRunIds(body, options) {
      const path = '/ui/flow_runs/history';
      const found = await optional(ask(shortRunsSchema, { method: 'POST', path, body }, options));
      return found && found.map(({ id }) => id);
    },

    async documents(kind, body, pool, options) {
      const path = pool === null ? `/${kind}s/filter` : `/work_pools/${encodeURIComponent(pool)}/queues/filter`;
      try {
        return await listed<DocumentRow>(wireDocumentSchema, path, body, options);
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
        if (thrown.code === 'SERVER_NOT_PREFECT' || thrown.code === 'SERVER_FORBIDDEN') return null;
        throw thrown;
      }
    },

    count: (entity, filters = {}, options) =>
      ask(countSchema, { method: 'POST', path: `/${plural[entity]}/count`, body: filters }, options),

    version: (options) =>
      optional(
        ask(
          versionSchema,
          { method: 'GET', path: '/admin/version', oneRow: true },
          { ...options, retries: FEW_RETRIES },
        ),
      ),

    features: (options) =>
      optional(
        Promise.all([
          knows('task_run', 'expected_start_time', options),
          knows('task_run', 'end_time', options),
          knows('flow_run', 'end_time', options),
        ]).then(([expectedStart, taskRunEnd, flowRunEnd]) => ({ expectedStart, taskRunEnd, flowRunEnd })),
      ),

    async pageLimit(options) {
      // without `limit` the reply names the server's own limit; the filter matches nothing, so the reply is short
      const body = { flow_runs: { id: { any_: [] } } };
      const reply = await optional(
        ask(
          pageLimitSchema,
          { method: 'POST', path: '/flow_runs/paginate', body },
          { ...options, retries: FEW_RETRIES },
        ),
      );
      return Math.min(reply?.limit ?? USUAL_PAGE_LIMIT, LARGEST_PAGE);
    },
  };
}

const schemaOf = (entity: Entity) =>
  entity === 'task_run' || entity === 'flow_run' ? wireRunSchema : wireParentSchema;

function badRow(value: unknown, { issues: [issue] }: z.ZodError): BadRow {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null;
  return {
    id: typeof id === 'string' ? id.slice(0, 100) : null,
    field: issue?.path.join('.') || 'row',
    why: issue?.message ?? 'unexpected',
  };
}

/** Throws SERVER_NOT_PREFECT when the reply is no list. */
function elements(path: string, answered: Answered): Element[] {
  const found = elementsOf(answered);
  if (found === null) throw new AppError('SERVER_NOT_PREFECT', `${path} did not answer with a list`, { path });
  return found;
}

/** The value as its schema has it. Throws SERVER_BAD_REPLY. */
function checked<T extends z.ZodType>(schema: T, path: string, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unexpected(path, parsed.error);
}

function listOf<T extends z.ZodType>(
  schema: T,
  path: string,
  answered: Answered,
): { json: string; value: z.output<T> }[] {
  return elements(path, answered).map(({ json, value }) => ({ json, value: checked(schema, path, value) }));
}

function unexpected(path: string, error: z.ZodError): AppError {
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  return new AppError('SERVER_BAD_REPLY', `${path}: ${where ? `${where}: ` : ''}${issue?.message ?? 'unexpected'}`, {
    path,
  });
}
