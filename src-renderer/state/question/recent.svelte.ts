/** The questions that stood on screen for a while, newest first, for each workspace. They are kept with the settings, which only their owner may read. */
import { untrack } from 'svelte';
import { MOST_RECENT, type RecentQuery } from '../../../src-main/contract/settings.ts';
import { conjuncts, sameCondition } from '../filters/conditions.ts';
import { app } from '../window/app.svelte.ts';
import { presets } from './presets.svelte.ts';
import { writeInWindow } from './query-text.ts';
import { question } from './question.svelte.ts';

/** ms after which a question counts as asked: what is typed on the way to another one is not kept. */
const STOOD = 4_000;
/** Characters of a question: longer ones are lists of ids. */
const MOST_TEXT = 2_000;

class Recent {
  /** of the open workspace, the one on screen left out */
  readonly list = $derived.by(() => this.all.filter(({ where }) => !sameCondition(where, question.where)));

  private get all(): readonly RecentQuery[] {
    const { recent_queries: asked } = app.settings;
    return app.workspace !== null && Object.hasOwn(asked, app.workspace) ? (asked[app.workspace] ?? []) : [];
  }

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      const { where } = question;
      if (app.workspace === null || conjuncts(where).length === 0) return;
      const timer = setTimeout(() => untrack(() => this.note()), STOOD);
      return () => clearTimeout(timer);
    });
  }

  choose({ where }: RecentQuery): void {
    presets.leave();
    question.set(where);
  }

  drop(one: RecentQuery): void {
    this.save(this.all.filter((other) => other !== one));
  }

  dropAll(): void {
    this.save([]);
  }

  /** A preset has a name to be found by. */
  private note(): void {
    const { where } = question;
    const { text } = writeInWindow(where, null);
    if (presets.activeId !== null || text.length > MOST_TEXT) return;
    const [newest] = this.all;
    if (newest && sameCondition(newest.where, where)) return;
    const others = this.all.filter((one) => !sameCondition(one.where, where));
    this.save([{ where, text }, ...others].slice(0, MOST_RECENT));
  }

  /** The workspace is removed. */
  forget(workspace: string): void {
    const { [workspace]: asked, ...others } = app.settings.recent_queries;
    if (asked !== undefined) void app.save({ recent_queries: others });
  }

  private save(list: readonly RecentQuery[]): void {
    if (app.workspace === null) return;
    const { [app.workspace]: _, ...others } = app.settings.recent_queries;
    void app.save({ recent_queries: list.length === 0 ? others : { ...others, [app.workspace]: [...list] } });
  }
}

export const recent = new Recent();
