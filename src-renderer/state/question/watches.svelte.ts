/** Presets that tell of new matches: how many in which workspace, which rows are new on screen, and the notices where the shell has none. */
import { untrack } from 'svelte';
import { toAppError } from '../../../src-main/contract/errors.ts';
import type { Preset } from '../../../src-main/contract/preset.ts';
import type { Notice, Watched } from '../../../src-main/contract/watch.ts';
import { api, app } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { presets } from './presets.svelte.ts';
import { question } from './question.svelte.ts';

const NONE: ReadonlySet<string> = new Set();

class Watches {
  private list = $state.raw<readonly Watched[]>([]);
  /** the new runs of the preset on screen, from when it was looked at until another is chosen */
  private marked = $state.raw<{ preset: string; ids: ReadonlySet<string> } | null>(null);
  private here = $derived(
    new Map(this.list.flatMap((one) => (one.workspace === app.workspace ? [[one.preset, one]] : []))),
  );
  /** new matches of all workspaces that nobody has looked at */
  total = $derived(this.list.reduce((sum, { count }) => sum + count, 0));
  /** ids of the runs that are marked as new */
  news = $derived(this.marked !== null && this.marked.preset === presets.activeId ? this.marked.ids : NONE);

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      if (app.session === 0) return;
      const abort = new AbortController();
      untrack(() => void this.listen(abort.signal));
      return () => abort.abort();
    });
    // every new list of a watched preset that is as it was saved shows what it has told
    $effect(() => {
      const { activeId, dirty } = presets;
      const ready = question.answer !== null && !question.busy && app.ready !== null;
      if (activeId !== null && !dirty && ready) untrack(() => void this.see(activeId));
    });
  }

  has(preset: Preset): boolean {
    return this.here.has(preset.id);
  }

  count(preset: Preset): number {
    return this.here.get(preset.id)?.count ?? 0;
  }

  /** Where windows show the notices, a person is asked for leave at this click and at no other time. */
  async toggle(preset: Preset): Promise<void> {
    const { workspace } = app;
    if (workspace === null) return;
    const on = !this.has(preset);
    const refused = on && this.byPage && !(await mayShow());
    await notes.attempt(async () => {
      await api['watch.set']({ workspace, preset: preset.id, on });
      if (!on) notes.say(`“${preset.name}” tells nothing any more`);
      else if (refused)
        notes.say(`New matches of “${preset.name}” are counted here. The browser lets no notices be shown`);
      else notes.say(`“${preset.name}” tells of new matches from now on`);
    });
  }

  private get byPage(): boolean {
    return app.hello?.capabilities.notices === 'page';
  }

  private async listen(signal: AbortSignal): Promise<void> {
    let last: number | null = null;
    try {
      for await (const { watches, notice, opened } of api['watch.follow']({}, { signal })) {
        this.list = watches;
        if (notice && last !== null && notice.number > last) this.show(notice);
        last = Math.max(last ?? 0, notice?.number ?? 0);
        if (opened) await this.open(opened.workspace, opened.preset);
      }
    } catch (thrown) {
      if (toAppError(thrown).code !== 'DISCONNECTED') notes.fail(thrown);
    }
  }

  /** The same notice of several windows is one: it has their tag in common. */
  private show({ title, body, workspace, preset }: Notice): void {
    if (!('Notification' in window) || Notification.permission !== 'granted') return;
    const shown = new Notification(title, { body, tag: `${workspace}/${preset}`, silent: true });
    shown.onclick = () => {
      window.focus();
      shown.close();
      void this.open(workspace, preset);
    };
  }

  /** Shows the preset in its workspace, with what is new marked. */
  private async open(workspace: string, id: string): Promise<void> {
    if (app.workspace !== workspace) await app.choose(workspace);
    if (presets.list.length === 0) await presets.load(workspace);
    const preset = presets.list.find((one) => one.id === id);
    if (preset) presets.choose(preset);
    await this.see(id);
  }

  private async see(id: string): Promise<void> {
    const { workspace } = app;
    const watched = this.here.get(id);
    if (workspace === null || !watched || watched.count === 0) return;
    try {
      const { ids } = await api['watch.seen']({ workspace, preset: id });
      const before = this.marked?.preset === id ? this.marked.ids : NONE;
      this.marked = { preset: id, ids: new Set([...before, ...ids]) };
    } catch (thrown) {
      notes.fail(thrown);
    }
  }
}

async function mayShow(): Promise<boolean> {
  if (!('Notification' in window)) return false;
  if (Notification.permission !== 'default') return Notification.permission === 'granted';
  return (await Notification.requestPermission()) === 'granted';
}

export const watches = new Watches();
