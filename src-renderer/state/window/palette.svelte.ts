/** What can be found by a few letters of its name: actions, presets, workspaces, settings, and the runs and flow runs of the open archive. */
import type { Fuzzysort } from 'fuzzysort';
import { TRUE, type Condition } from '../../../src-main/contract/query.ts';
import { uuidStart } from '../../../src-main/contract/uuid.ts';
import { plural } from '../../format.ts';
import { groupBys } from '../filters/groupings.ts';
import { showFlowRun } from '../flow-run/open.ts';
import { copiesOfView, copy } from '../handover/copies.ts';
import { groupedList } from '../question/groups.svelte.ts';
import { openById } from '../question/neighbours.ts';
import { presets } from '../question/presets.svelte.ts';
import { question } from '../question/question.svelte.ts';
import { api, app } from './app.svelte.ts';
import { commands } from './commands.ts';
import { dialogs } from './dialogs.svelte.ts';
import { actions, keysOf, keyWords, shortcuts } from './shortcuts.ts';
import { views } from './views.svelte.ts';

export type Entry = {
  id: string;
  label: string;
  /** of which kind it is, and what else tells it from others */
  kind: string;
  /** the key that does the same */
  key?: string;
  run: () => void;
};

/** Most that are shown at once, and runs and flow runs among them. */
const MOST = 40;
const MOST_RUNS = 6;
/** Pause in typing after which the archive is asked, ms. */
const TYPING_MS = 150;
/** A shorter text is part of too many names. */
const SHORTEST = 2;
/** Least score of what is shown, of 1. */
const LEAST_SCORE = 0.3;

type Fuzzy = Pick<Fuzzysort, 'go'>;

export class Palette {
  text = $state('');
  private fuzzy = $state.raw<Fuzzy | null>(null);
  /** runs and flow runs that the text names */
  private named = $state.raw<readonly Entry[]>([]);
  private readonly all = entriesOf();
  entries = $derived.by(() => {
    const text = this.text.trim();
    if (text === '' || !this.fuzzy) return this.all.slice(0, MOST);
    const found = this.fuzzy.go(text, this.all, { keys: ['label', 'kind'], limit: MOST, threshold: LEAST_SCORE });
    return [...found.map(({ obj }) => obj), ...this.named];
  });

  /** Registers the effects; call while the component is made. */
  follow(): void {
    $effect(() => {
      let gone = false;
      // the library is read when the palette first opens
      void import('fuzzysort').then((fuzzy) => {
        if (!gone) this.fuzzy = fuzzy;
      });
      return () => (gone = true);
    });
    $effect(() => {
      const text = this.text.trim();
      this.named = [];
      const { workspace } = app;
      if (text.length < SHORTEST || workspace === null) return;
      const abort = new AbortController();
      const timer = setTimeout(() => void this.look(workspace, text, abort.signal), TYPING_MS);
      return () => {
        clearTimeout(timer);
        abort.abort();
      };
    });
  }

  /** A failure leaves the other entries. */
  private async look(workspace: string, text: string, signal: AbortSignal): Promise<void> {
    const begun: Condition | null = uuidStart(text) === null ? null : { field: 'id', in: [text] };
    const named: Condition = { field: 'name', contains: text };
    const where: Condition = begun ? { or: [begun, named] } : named;
    const sort = [{ field: 'expected_start_time', dir: 'desc' as const }];
    const ask = (condition: Condition, rows: number, field: string | null, search?: string) =>
      api['query.ask'](
        {
          workspace,
          query: { where: condition, sort },
          rows: { from: 0, to: rows },
          facets: field === null ? [] : [{ field, limit: MOST_RUNS, nulls: false, ...(search && { search }) }],
          histogram: null,
        },
        { signal },
      );
    try {
      const [runs, flowRuns] = await Promise.all([
        ask(where, MOST_RUNS, null),
        // not by flow_run_id, whose own filter its facet lifts
        begun ? ask({ has: 'flow_run', where: begun }, 0, 'flow_run_id') : ask(TRUE, 0, 'flow_run_id', text),
      ]);
      if (signal.aborted) return;
      const values = flowRuns.facets.flatMap((facet) => facet.values);
      this.named = [
        ...values.flatMap(({ value, label, count }) =>
          value === null
            ? []
            : [
                {
                  id: value,
                  label,
                  kind: `Flow run, ${plural(count, 'run')}`,
                  run: () => showFlowRun(value, label),
                },
              ],
        ),
        ...runs.rows.map((row) => ({
          id: row.id,
          label: row.name,
          kind: `Run, ${row.state_name ?? 'no state'}`,
          run: () => {
            views.showList();
            void openById(row.id);
          },
        })),
      ];
    } catch {
      // a newer text was typed, or the archive cannot be asked: the window says so elsewhere
    }
  }
}

/** What does not come from the archive, in the order in which it stands while nothing is typed. */
function entriesOf(): Entry[] {
  const own = app.settings.keys;
  const act = shortcuts
    .filter((name) => name !== 'palette' && name !== 'close')
    .map((name) => {
      const [key] = keysOf(name, own);
      return { ...entry('Action', actions[name].what, commands[name]), ...(key && { key: keyWords(key) }) };
    });
  const [link] = copiesOfView();
  const { workspace } = app;
  return [
    ...presets.list.map((one) =>
      entry(one.folder ? `Preset in ${one.folder}` : 'Preset', one.name, () => presets.choose(one), one.id),
    ),
    ...act,
    ...(link ? [entry('Action', 'Copy a link to this view', () => void copy(link))] : []),
    entry('Action', 'Clear all filters', () => question.set(TRUE)),
    entry('Action', 'Show the exports', () => dialogs.exportList()),
    ...groupBys(question.answer?.histogram ?? null).map((by) =>
      entry('Action', `Group by ${by.label.toLowerCase()}`, () => {
        views.showList();
        groupedList.choose(by);
      }),
    ),
    entry('Action', 'Do not group', () => groupedList.choose(null)),
    ...app.workspaces.map(({ name }) => entry('Workspace', name, () => void app.choose(name))),
    entry('Setting', 'Add a server…', () => dialogs.addWorkspace()),
    entry('Setting', 'Manage workspaces…', () => dialogs.manageWorkspaces()),
    ...(workspace !== null && app.current?.kind === 'server'
      ? [
          entry('Setting', `Connection of ${workspace}…`, () => dialogs.connection(workspace)),
          entry('Setting', `What ${workspace} keeps and fetches…`, () => dialogs.settings(workspace)),
        ]
      : []),
    entry('Setting', 'Light theme', () => void app.save({ theme: 'light' })),
    entry('Setting', 'Dark theme', () => void app.save({ theme: 'dark' })),
    entry('Setting', 'Theme of the system', () => void app.save({ theme: 'system' })),
    entry('Setting', app.utc ? 'Times of this machine' : 'Times in UTC', () => {
      void app.save({ time_zone: app.utc ? 'local' : 'utc' });
    }),
    entry('Setting', 'Change the keys…', () => dialogs.keys()),
  ];
}

const entry = (kind: string, label: string, run: () => void, id = `${kind} ${label}`): Entry => ({
  id,
  kind,
  label,
  run,
});
