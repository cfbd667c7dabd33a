/** A question or a run as a request that a person sends without this program: curl, and Python with Prefect's own client. No text has a secret in it. */
import type { Condition } from '../../contract/query.ts';
import { printParts } from '../../contract/query-text/print.ts';
import type { Filters, PrefectRequest } from '../../query/language/to-prefect.ts';

/** Where a request goes, and how it signs in. */
export type Target = {
  api_url: string;
  auth: 'none' | 'api_key' | 'basic';
  /** names of headers that the server wants besides; their values are secrets */
  headers: readonly string[];
  insecure_tls: boolean;
  ca_file: string | null;
};

/** Rows of one page: what a server allows at most unless it was told otherwise. */
const PAGE = 200;

/** Filters of `POST /task_runs/filter` that PrefectClient of 3.8.8 has no class for. */
export const unknownToPython = ['task_runs.expected_start_time'] as const;

/** The body of POST /task_runs/filter; `taskscope query --body` takes it too. */
export function bodyOf({ filters, sort }: PrefectRequest): string {
  return JSON.stringify({ ...filters, sort, limit: PAGE, offset: 0 }, null, 2);
}

export function curlOfQuery(request: PrefectRequest, target: Target): string {
  const notes = [...lostLines(request, '#'), `# the first ${PAGE} runs; further ones with a larger offset`];
  const parts = ["-H 'Content-Type: application/json'", `-d ${shellText(bodyOf(request))}`];
  return [...notes, curl(target, 'POST', 'task_runs/filter', parts)].join('\n');
}

export function curlOfRun(id: string, target: Target): string {
  return curl(target, 'GET', `task_runs/${id}`, []);
}

function curl(target: Target, method: string, path: string, more: readonly string[]): string {
  const { auth } = target;
  const parts = [
    `curl --fail-with-body -sS -X ${method} ${shellText(`${baseOf(target)}/${path}`)}`,
    ...(auth === 'api_key' ? ['-H "Authorization: Bearer $PREFECT_API_KEY"'] : []),
    ...(auth === 'basic' ? ['-u "$PREFECT_API_AUTH_STRING"'] : []),
    ...target.headers.map((name) => `-H ${shellText(`${name}: `)}"$${variableOf(name)}"`),
    ...(target.insecure_tls ? ['--insecure'] : []),
    ...(target.ca_file === null ? [] : [`--cacert ${shellText(target.ca_file)}`]),
    ...more,
  ];
  return parts.join(' \\\n  ');
}

export function pythonOfQuery(request: PrefectRequest, target: Target): string {
  const classes = new Set<string>();
  const filters = Object.entries(request.filters).map(([group, value]) => {
    const name = groupClasses[group];
    return `                ${group.slice(0, -1)}_filter=${filterCode(name, value, classes, 16)},\n`;
  });
  const code = `    offset = 0
    while True:
        async with client() as prefect:
            runs = await prefect.read_task_runs(
${filters.join('')}                sort=TaskRunSort.${request.sort},
                limit=${PAGE},
                offset=offset,
            )
        for run in runs:
            print(run.id, run.state_name, run.name)
        if len(runs) < ${PAGE}:
            break
        offset += len(runs)
`;
  const imports = [
    ...(classes.size > 0
      ? [
          `from prefect.client.schemas.filters import (\n${[...classes]
            .sort()
            .map((one) => `    ${one},\n`)
            .join('')})`,
        ]
      : []),
    ...(code.includes('StateType.') ? ['from prefect.client.schemas.objects import StateType'] : []),
    'from prefect.client.schemas.sorting import TaskRunSort',
  ];
  return [...lostLines(request, '#'), program(target, imports, code)].join('\n');
}

export function pythonOfRun(id: string, target: Target): string {
  const code = `    async with client() as prefect:
        run = await prefect.read_task_run(UUID("${id}"))
    print(run.model_dump_json(indent=2))
`;
  return program(target, [], code);
}

function program(target: Target, imports: readonly string[], code: string): string {
  const { auth, headers, insecure_tls, ca_file } = target;
  const settings = [
    ...(headers.length > 0
      ? [`"headers": {${headers.map((one) => `${pyText(one)}: os.environ["${variableOf(one)}"]`).join(', ')}}`]
      : []),
    ...(insecure_tls ? ['"verify": False'] : ca_file === null ? [] : [`"verify": ${pyText(ca_file)}`]),
  ];
  const args = [
    pyText(baseOf(target)),
    ...(auth === 'api_key' ? ['api_key=os.environ["PREFECT_API_KEY"]'] : []),
    ...(auth === 'basic' ? ['auth_string=os.environ["PREFECT_API_AUTH_STRING"]'] : []),
    ...(settings.length > 0 ? [`httpx_settings={${settings.join(', ')}}`] : []),
  ];
  const client = `def client() -> PrefectClient:\n    return PrefectClient(${args.join(', ')})\n`;
  const standard = [
    'import asyncio',
    ...(client.includes('os.environ') ? ['import os'] : []),
    ...(code.includes('datetime.') ? ['from datetime import datetime'] : []),
    ...(code.includes('UUID(') ? ['from uuid import UUID'] : []),
  ];
  const head = [...standard, '', 'from prefect.client.orchestration import PrefectClient', ...imports];
  return `${head.join('\n')}\n\n\n${client}\n\nasync def main() -> None:\n${code}\n\nasyncio.run(main())\n`;
}

const groupClasses: Record<string, string> = {
  task_runs: 'TaskRunFilter',
  flow_runs: 'FlowRunFilter',
  flows: 'FlowFilter',
  deployments: 'DeploymentFilter',
};

/** `TaskRunFilterState(type=TaskRunFilterStateType(any_=[StateType.FAILED]))`: a class for each level, named after its place. */
function filterCode(name: string, value: unknown, classes: Set<string>, indent: number): string {
  classes.add(name);
  const space = ' '.repeat(indent + 4);
  const parts = Object.entries(value as Filters).map(([key, inner]) => {
    const isLeaf = key.endsWith('_');
    const code = isLeaf ? leafCode(name, key, inner) : filterCode(name + camel(key), inner, classes, indent + 4);
    return `${space}${key}=${code},\n`;
  });
  return `${name}(\n${parts.join('')}${' '.repeat(indent)})`;
}

/** Prefect's own spelling of one class. */
const camel = (key: string): string =>
  key === 'subflow_runs' ? 'SubFlowRuns' : key.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

function leafCode(name: string, key: string, value: unknown): string {
  if (key === 'after_' || key === 'before_')
    return `datetime.fromisoformat(${pyText(String(value).replace(/Z$/, '+00:00'))})`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (!Array.isArray(value)) return pyText(String(value));
  const item = (one: unknown) =>
    name.endsWith('StateType')
      ? `StateType.${String(one)}`
      : name.endsWith('Id')
        ? `UUID(${pyText(String(one))})`
        : pyText(String(one));
  return `[${value.map(item).join(', ')}]`;
}

/** What the request leaves out, as comments. */
function lostLines({ lost, orderLost }: Pick<PrefectRequest, 'lost' | 'orderLost'>, mark: string): string[] {
  return [
    ...lost.map((one) => `${mark} Prefect cannot be asked this, so more runs come back: ${inOneLine(one)}`),
    ...(orderLost ? [`${mark} Prefect has no such order; this is the nearest`] : []),
  ];
}

/** A condition in the query language. */
export const inOneLine = (one: Condition): string => printParts([one])[0].replace(/[\r\n]+/g, ' ');

const baseOf = ({ api_url }: Target): string => api_url.replace(/\/+$/, '');
const shellText = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The variable in which a header's value is expected: `X-Team-Token` → `X_TEAM_TOKEN`. */
function variableOf(header: string): string {
  const name = header.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return /^[A-Z]/.test(name) ? name : `HEADER_${name}`;
}

/** JSON's escapes are Python's, but for a lone surrogate: it stays one in both. */
const pyText = (text: string): string => JSON.stringify(text);
