/** What can be copied of a run, of the chosen runs and of the view, and in which words. */
import type { Preset } from '../../../src-main/contract/preset.ts';
import { linkOf, writePlace, type Place } from '../../../src-main/contract/place.ts';
import { defaultSort, TRUE, type Condition } from '../../../src-main/contract/query.ts';
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import { plural, zoneOf } from '../../format.ts';
import { copyText } from '../../ui/copy.ts';
import { gridColumn, isMoreColumn } from '../../grid-columns.ts';
import { columns } from '../question/columns.svelte.ts';
import { wholeValues } from '../question/more-values.ts';
import { question } from '../question/question.svelte.ts';
import { writeInWindow } from '../question/query-text.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { wayBack } from '../window/way-back.svelte.ts';
import { csvChoice } from './csv-choice.ts';
import { rowsText, type RowsFormat } from './rows-text.ts';

/** `label`: what is copied, as in "Copy as …". `make` may ask the core. */
export type CopyItem = { label: string; make: () => Promise<Copied> };
/** `said`: what the window says once it is on the clipboard */
type Copied = { text: string; said: string };

/** Rows the core gives in one answer. */
const PIECE = 1000;

export async function copy({ make }: CopyItem): Promise<void> {
  await notes.attempt(async () => {
    const { text, said } = await make();
    notes.say(
      (await copyText(text)) ? said : 'The system did not let anything be copied. Nothing is on the clipboard.',
    );
  });
}

/** A link to what the window shows, or would show. `said`: the noun in what the window says. */
export function linkTo(place: () => Place, said: string): CopyItem {
  return {
    label: 'Link to Taskscope',
    make: () => {
      const text = writePlace(place());
      const page = `${location.origin}${location.pathname}#${text}`;
      return Promise.resolve({
        text: app.hello?.capabilities.links === 'taskscope' ? linkOf(text) : page,
        said: `The link to the ${said} is copied. It opens where there is a workspace of the same name`,
      });
    },
  };
}

/** A flow run, a task or one run in the open workspace, without the filters of the list. */
export function placeOf(what: Pick<Partial<Place>, 'view' | 'run'>): Place {
  const list = { view: { kind: 'runs' as const }, query: { where: TRUE, sort: defaultSort }, group: null };
  return { ...list, workspace: here(), columns: null, frozen: 0, preset: null, run: null, ...what };
}

/** Others have neither these presets nor these columns. */
function placeShared(): Place {
  return { ...wayBack.now(), preset: null, columns: columns.fields, frozen: columns.frozen };
}

export function copiesOfRun(id: string): CopyItem[] {
  const detail = () => api['run.get']({ workspace: here(), id });
  const request = (as: 'curl' | 'python') => async (): Promise<Copied> => {
    const { text } = await api['run.writeAs']({ workspace: here(), id, as });
    return { text, said: as === 'curl' ? 'The run is copied as a curl command' : 'The run is copied as Python' };
  };
  return [
    linkTo(() => placeOf({ run: id }), 'run'),
    {
      label: 'Link to Prefect',
      make: async () => {
        const { url } = await detail();
        return url === null
          ? { text: id, said: 'This server has no pages of its own. The run’s id is copied instead' }
          : { text: url, said: 'The link to the run is copied' };
      },
    },
    { label: 'Id', make: () => Promise.resolve({ text: id, said: 'The run’s id is copied' }) },
    {
      label: 'JSON, as the server sent it',
      make: async () => ({ text: (await detail()).json, said: 'The run’s JSON is copied' }),
    },
    { label: 'curl', make: request('curl') },
    { label: 'Python', make: request('python') },
  ];
}

export function copiesOfFlowRun(id: string): CopyItem[] {
  return [
    linkTo(() => placeOf({ view: { kind: 'flow_run', id, tab: 'timeline' } }), 'flow run'),
    { label: 'Id', make: () => Promise.resolve({ text: id, said: 'The flow run’s id is copied' }) },
  ];
}

export function copiesOfTask(key: string): CopyItem[] {
  return [
    linkTo(() => placeOf({ view: { kind: 'task', key } }), 'task'),
    { label: 'Task key', make: () => Promise.resolve({ text: key, said: 'The task’s key is copied' }) },
  ];
}

/** To what the preset shows: others do not have the preset itself. */
export const linkOfPreset = ({
  query,
  columns: fields,
  frozen,
}: Pick<Preset, 'query' | 'columns' | 'frozen'>): CopyItem =>
  linkTo(
    () => ({ ...placeOf({}), query, columns: fields?.length ? fields : null, frozen: fields?.length ? frozen : 0 }),
    'preset’s runs',
  );

/** In the columns and the order of the list. */
export function copiesOfRuns(ids: readonly string[]): CopyItem[] {
  const as = (format: RowsFormat, words: string) => async (): Promise<Copied> => {
    const fields = columns.fields;
    const [rows, more] = await Promise.all([readRows(ids), wholeValues(here(), ids, fields.filter(isMoreColumn))]);
    const text = rowsText(
      rows,
      fields,
      format,
      zoneOf(app.utc),
      csvChoice(app.settings.export_choice, app.utc),
      (id, field) => more.get(id)?.get(field) ?? null,
    );
    return { text, said: `${plural(rows.length, 'run')} copied ${words}` };
  };
  return [
    { label: 'Table for a sheet (TSV)', make: as('tsv', 'as a table') },
    { label: 'Markdown table', make: as('markdown', 'as Markdown') },
    { label: 'JSON, by column', make: as('json', 'as JSON') },
    { label: 'CSV', make: as('csv', 'as CSV') },
    {
      label: ids.length === 1 ? 'Id' : 'Ids, one a line',
      make: () => Promise.resolve({ text: ids.join('\n'), said: `${plural(ids.length, 'id')} copied` }),
    },
  ];
}

export function copiesOfView(): CopyItem[] {
  const as = (format: 'curl' | 'python' | 'body' | 'sql', what: string) => async (): Promise<Copied> => {
    // the archive's views have no columns of the rows' JSON
    const fields = columns.fields.filter((field) => gridColumn(field)?.sortable);
    const input = { workspace: here(), query: question.query, columns: fields, as: format };
    const { text, lost, order_lost } = await api['query.writeAs'](input);
    const cannot = format === 'sql' ? 'The SQL cannot say' : 'Prefect cannot be asked';
    const left = format === 'sql' ? columns.fields.filter(isMoreColumn) : [];
    const without = left.length > 0 ? `Without ${left.join(', ')}: only the rows’ JSON has that.` : '';
    const said = [`The view is copied as ${what}.`, lostWords(lost, order_lost, cannot), without];
    return { text, said: said.filter(Boolean).join(' ') };
  };
  return [
    linkTo(placeShared, 'view'),
    { label: 'curl', make: as('curl', 'a curl command') },
    { label: 'Python with Prefect’s client', make: as('python', 'Python') },
    { label: 'JSON body for Prefect', make: as('body', 'a JSON body') },
    { label: 'SQL for the archive', make: as('sql', 'SQL') },
    filtersAsText(question.where),
  ];
}

export function filtersAsText(where: Condition): CopyItem {
  return {
    label: 'Filters as text',
    make: () => {
      const { text } = writeInWindow(where, null);
      return Promise.resolve({
        text,
        said: text === '' ? 'There are no filters: the text is empty' : 'The filters are copied as text',
      });
    },
  };
}

/** What Prefect cannot be asked, in the words of the query bar. */
function lostWords(lost: readonly Condition[], order: boolean, cannot: string): string {
  const parts = lost.map((one) => writeInWindow(one, null).text);
  const which =
    parts.length === 0
      ? ''
      : `${cannot} ${parts.join(' and ')}: without ${parts.length === 1 ? 'it' : 'them'} more runs come back.`;
  return `${which}${order ? ' The order is the nearest one there is.' : ''}`.trim();
}

async function readRows(ids: readonly string[]): Promise<TaskRunRow[]> {
  const workspace = here();
  const query = { where: { field: 'id', in: [...ids] }, sort: question.sort };
  const first = { from: 0, to: PIECE };
  const { rows, count, result } = await api['query.ask']({
    workspace,
    query,
    rows: first,
    facets: [],
    histogram: null,
  });
  const all = [...rows];
  for (let from = all.length; from < count; from += PIECE)
    all.push(...(await api['query.rows']({ workspace, result, rows: { from, to: Math.min(from + PIECE, count) } })));
  return all;
}

/** The menus are there only while a workspace is open. */
const here = (): string => app.workspace ?? '';
