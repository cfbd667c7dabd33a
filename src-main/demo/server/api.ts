/** The demo server's answers, request by request, without HTTP around them. Paths are below `/api`. */
import { entityOf, type Entity } from '../../contract/fields.ts';
import { bodySchemas, pageKeys } from '../../contract/prefect/filter.ts';
import { prefectRules, USUAL_VERSION } from '../../contract/prefect/versions.ts';
import type { Dialect } from '../../contract/query.ts';
import { dashed, uuidHex } from '../../contract/uuid.ts';
import type { JsonRow } from '../json.ts';
import type { Database } from './database.ts';
import type { Scope } from './filters.ts';
import { artifactsReply, logsReply } from './log-replies.ts';
import { poolReply } from './pool-replies.ts';
import {
  invalid,
  invalidBody,
  limitProblem,
  noRoute,
  notFound,
  parseBody,
  reply,
  wrongMethod,
  type Reply,
} from './replies.ts';
import { countByState, countRows, selectRows } from './select.ts';

export type Request = {
  method: string;
  path: string;
  query: URLSearchParams;
  contentType: string | null;
  body: string;
};
export type Server = {
  database: Database;
  dialect: Dialect;
  /** default and largest page */
  limit: number;
  /** µs */
  now(): number;
};

/** The demo's server is of the usual version. */
const schemas = bodySchemas(prefectRules(null));

const titles: Record<Entity, string> = {
  task_run: 'Task',
  flow_run: 'Flow run',
  flow: 'Flow',
  deployment: 'Deployment',
};

export function answer(server: Server, request: Request): Reply {
  const now = server.now();
  server.database.story.advance(now);
  const scope: Scope = { database: server.database, dialect: server.dialect, now };
  const { method, path } = request;
  const parts = path.split('/').filter(Boolean);
  const fixed = method === 'GET' ? readFixed(server, path) : null;
  if (fixed) return fixed;

  if (path === '/task_run_states/' || path === '/flow_run_states/')
    return method === 'GET'
      ? history(scope, request, path === '/task_run_states/' ? 'task_run' : 'flow_run')
      : wrongMethod();
  if (path === '/logs/filter') return post(request, (body) => logsReply(server.limit, scope, body));
  if (path === '/artifacts/filter') return post(request, (body) => artifactsReply(server.limit, scope, body));
  if (path === '/ui/task_runs/count')
    return post(request, (body) => {
      const parsed = schemas.task_run.count.safeParse(body);
      return parsed.success ? reply(200, countByState(parsed.data, scope)) : invalidBody(parsed.error.issues);
    });
  const body = () => parseBody(request.body, request.contentType);
  const pools = poolReply(server.database.pools, server.limit, { method, path, body });
  if (pools) return pools;
  const entity = entityOf(parts[0] ?? '');
  if (!entity || parts.length !== 2) return noRoute();
  const action = parts[1] ?? '';
  if (action === 'filter' || action === 'paginate' || action === 'count')
    return post(request, (body) => list(server, scope, entity, action, body));
  return method === 'GET' ? one(scope, entity, action) : wrongMethod();
}

function post(request: Request, handle: (body: unknown) => Reply): Reply {
  if (request.method !== 'POST') return wrongMethod();
  const parsed = parseBody(request.body, request.contentType);
  return 'problem' in parsed ? parsed.problem : handle(parsed.body);
}

function list(
  server: Server,
  scope: Scope,
  entity: Entity,
  action: 'filter' | 'paginate' | 'count',
  body: unknown,
): Reply {
  if (action === 'count') {
    const parsed = schemas[entity].count.safeParse(body);
    if (!parsed.success) return invalidBody(parsed.error.issues);
    return reply(200, countRows(entity, parsed.data, scope));
  }
  const parsed = schemas[entity][action].safeParse(body);
  if (!parsed.success) return invalidBody(parsed.error.issues);
  const limit = parsed.data.limit ?? server.limit;
  const problem = limitProblem(limit, server.limit);
  if (problem) return problem;
  const page = 'page' in parsed.data ? parsed.data.page : 1;
  const offset = 'offset' in parsed.data ? parsed.data.offset : (page - 1) * limit;
  const { sort } = parsed.data;
  const keys = selectRows(entity, parsed.data, sort, { offset, limit }, scope);
  const table = scope.database[entity];
  const rows = keys.map((key) => table.json(key, scope.now));
  if (action === 'filter') return reply(200, rows);
  const results = entity === 'task_run' ? rows.map(reduced) : rows;
  const count = countRows(entity, parsed.data, scope);
  return reply(200, { results, count, limit, pages: limit === 0 ? 0 : Math.ceil(count / limit), page });
}

function reduced(row: JsonRow): JsonRow {
  return Object.fromEntries(pageKeys.map((key) => [key, row[key] ?? null]));
}

function canonical(id: string): string | null {
  const hex = uuidHex(id);
  return hex && dashed(hex);
}

function one(scope: Scope, entity: Entity, text: string): Reply {
  const id = canonical(text);
  if (!id) return noRoute();
  const key = scope.database[entity].find(id, scope.now);
  return key === null ? notFound(titles[entity]) : reply(200, scope.database[entity].json(key, scope.now));
}

function history(scope: Scope, request: Request, of: 'task_run' | 'flow_run'): Reply {
  const name = `${of}_id`;
  const id = canonical(request.query.get(name) ?? '');
  if (!id) return invalid([{ type: 'uuid_parsing', loc: ['query', name], msg: 'not the text of a UUID' }]);
  const { database, now } = scope;
  const key = database[of].find(id, now);
  if (key === null) return reply(200, []);
  return reply(200, database.statesOf(of, key, now));
}

function readFixed(server: Server, path: string): Reply | null {
  switch (path) {
    case '/health':
      return reply(200, true);
    case '/ready':
      return reply(200, { message: 'OK' });
    case '/version':
      return reply(200, '0.8.4');
    case '/admin/version':
      return reply(200, USUAL_VERSION);
    case '/hello':
      return reply(200, '👋');
    case '/admin/settings':
      return reply(200, { server: { api: { default_limit: server.limit } } });
    default:
      return null;
  }
}
