/**
 * What the window shows, as a text that can be kept, copied and opened again: the fragment of the page's address, an entry of its history,
 * and what follows `taskscope://open`. It only ever says what to show, so a link from a stranger can do no more than that.
 *
 * `/runs?in=prod&q=state:failed&sort=-start_time&run=<id>`, `/flow-runs?of=<id>&tab=graph&…`, `/tasks?of=<task key>&…`; what is left out is as in a new window.
 */
import { z } from 'zod';
import { defaultSort, listGroupingSchema, querySchema, type SortKey } from './query.ts';
import { parseQuery } from './query-text/parse.ts';
import { printQuery } from './query-text/print.ts';

/** Ways to look at a flow run; a further one is the list with its runs. */
export const flowRunTabSchema = z.enum(['timeline', 'graph', 'logs']);
export type FlowRunTab = z.infer<typeof flowRunTabSchema>;

/** What the middle of the window shows. `key`: a task's task_key. */
export const viewSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('runs') }),
  z.strictObject({ kind: z.literal('flow_run'), id: z.guid(), tab: flowRunTabSchema }),
  z.strictObject({ kind: z.literal('task'), key: z.string().min(1).max(1000) }),
]);
export type View = z.infer<typeof viewSchema>;

const field = z.string().min(1).max(300);

export const placeSchema = z.strictObject({
  view: viewSchema,
  /** null: the one that is open, or begun with */
  workspace: z.string().min(1).nullable(),
  query: querySchema,
  /** the list in groups; null: single runs */
  group: listGroupingSchema.nullable(),
  /** fields in order; null: the person's own */
  columns: z.array(field).min(1).max(100).nullable(),
  /** how many of the first of them stay in place while the list is scrolled sideways; 0 without columns */
  frozen: z.number().int().min(0).max(100),
  /** id of the preset the question came from */
  preset: z.string().min(1).max(100).nullable(),
  /** id of the open run */
  run: z.guid().nullable(),
});
export type Place = z.infer<typeof placeSchema>;

const paths = { runs: 'runs', flow_run: 'flow-runs', task: 'tasks' } as const;

/** Readable where an address allows it. A lone surrogate, which no address can hold, becomes U+FFFD. */
const escaped = (text: string) =>
  encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+').replaceAll('%3A', ':').replaceAll('%2C', ',');

/** An item of a list: commas and a first minus of its own are escaped twice. */
const item = (text: string) => encodeURIComponent(text.toWellFormed()).replace(/^-/, '%2D');
const signed = ({ field, dir }: SortKey) => (dir === 'desc' ? `-${item(field)}` : item(field));
const listed = (keys: readonly SortKey[]) => keys.map(signed).join(',');

/** The text of a place. Begins with a slash, which no ticket of the browser shell does. */
export function writePlace({ view, workspace, query, group, columns, frozen, preset, run }: Place): string {
  const values: [string, string | null][] = [
    // not in the path: a key such as `..` would be a way up there
    ['of', view.kind === 'runs' ? null : view.kind === 'task' ? view.key : view.id],
    ['tab', view.kind === 'flow_run' && view.tab !== 'timeline' ? view.tab : null],
    ['in', workspace],
    ['q', printQuery(query.where) || null],
    ['sort', listed(query.sort) === listed(defaultSort) ? null : listed(query.sort)],
    [
      'group',
      group && [item(group.field), group.time ?? '', signed({ field: group.sort.by, dir: group.sort.dir })].join(','),
    ],
    ['columns', columns && columns.map(item).join(',')],
    ['frozen', columns && frozen > 0 ? String(frozen) : null],
    ['preset', preset],
    ['run', run],
  ];
  const said = values.flatMap(([name, value]) => (value === null ? [] : [`${name}=${escaped(value)}`]));
  return `/${paths[view.kind]}?${said.join('&')}`;
}

/** null: not such a text, or one that says what no window can show. */
export function readPlace(text: string): Place | null {
  const [path = '', ...rest] = text.split('?');
  const values = new URLSearchParams(rest.join('?'));
  try {
    const { where, problem } = parseQuery(values.get('q') ?? '');
    if (problem) return null;
    const parsed = placeSchema.safeParse({
      view: viewOf(path, values.get('of'), values.get('tab')),
      workspace: values.get('in'),
      query: { where, sort: values.has('sort') ? listOf(values.get('sort')).map(sortOf) : defaultSort },
      group: groupOf(values.get('group')),
      columns: values.has('columns') ? listOf(values.get('columns')).map(decodeURIComponent) : null,
      frozen: values.has('columns') ? Number(values.get('frozen') ?? 0) : 0,
      preset: values.get('preset'),
      run: values.get('run'),
    });
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // a percent sign that begins nothing
  }
}

const listOf = (text: string | null): string[] => (text === null || text === '' ? [] : text.split(','));

function sortOf(text: string) {
  const down = text.startsWith('-');
  return { field: decodeURIComponent(down ? text.slice(1) : text), dir: down ? 'desc' : 'asc' };
}

function groupOf(text: string | null) {
  if (text === null) return null;
  const [name = '', time = '', sort = ''] = text.split(',');
  const { field: by, dir } = sortOf(sort);
  return { field: decodeURIComponent(name), time: time || null, sort: { by, dir } };
}

function viewOf(path: string, of: string | null, tab: string | null): unknown {
  if (path === `/${paths.runs}`) return { kind: 'runs' };
  if (path === `/${paths.flow_run}`) return { kind: 'flow_run', id: of, tab: tab ?? 'timeline' };
  return path === `/${paths.task}` ? { kind: 'task', key: of } : null;
}

export const LINK_SCHEME = 'taskscope';
const PREFIX = `${LINK_SCHEME}://open`;

/** A link that opens the product wherever it is installed. */
export const linkOf = (place: string): string => PREFIX + place;

/** The place that a `taskscope://` link names, as text; null: it is none, or names none. */
export function placeInLink(link: string): string | null {
  if (!link.startsWith(`${PREFIX}/`)) return null;
  const place = readPlace(link.slice(PREFIX.length));
  return place && writePlace(place);
}
