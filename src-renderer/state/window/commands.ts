/** What each action of the window does, whether a key or the palette calls it. */
import { showFlowRunOf } from '../flow-run/open.ts';
import { toggleMark, writeNote } from '../notes/marks.ts';
import { chosen } from '../question/chosen.svelte.ts';
import { openNeighbour } from '../question/neighbours.ts';
import { question } from '../question/question.svelte.ts';
import { undo } from '../question/undo.svelte.ts';
import { checkNow } from '../sync/check.svelte.ts';
import { sync } from '../sync/sync.svelte.ts';
import { app } from './app.svelte.ts';
import { dialogs } from './dialogs.svelte.ts';
import { layout } from './layout.svelte.ts';
import { selection } from './selection.svelte.ts';
import type { Shortcut } from './shortcuts.ts';
import { views } from './views.svelte.ts';
import { wayBack } from './way-back.svelte.ts';

type QueryBar = { focus: () => void; edit: () => void };
let bar: QueryBar | null = null;

/** The query bar says how it takes the focus. Returns how to withdraw that. */
export function offerQueryBar(offered: QueryBar): () => void {
  bar = offered;
  return () => {
    if (bar === offered) bar = null;
  };
}

function close(): void {
  if (chosen.count > 0 && views.now.kind === 'runs') chosen.clear();
  else if (selection.id !== null) selection.close();
  else views.showList();
}

export const commands: Readonly<Record<Shortcut, () => void>> = {
  palette: () => dialogs.palette(),
  search: () => bar?.focus(),
  query: () => bar?.edit(),
  panel: () => layout.togglePanel(),
  refresh: () => question.refresh(),
  export: () => question.count > 0 && dialogs.exportRuns(chosen.count > 0 ? chosen.ids : null),
  sync: () => !sync.running && !sync.cannot && void sync.start(),
  view: () => app.workspace && dialogs.syncView(),
  check: () => app.workspace && !sync.cannot && question.answer && void checkNow.run(app.workspace),
  keys: () => dialogs.keys(),
  next: () => void openNeighbour(1),
  previous: () => void openNeighbour(-1),
  tabs: () => selection.toTabs(),
  flow_run: () => selection.id !== null && void showFlowRunOf(selection.id),
  bookmark: () => void toggleMark('bookmarked'),
  seen: () => void toggleMark('seen'),
  note: () => writeNote(),
  close,
  undo: () => undo.back(),
  redo: () => undo.forth(),
  back: () => wayBack.back(),
  forward: () => wayBack.forward(),
};
