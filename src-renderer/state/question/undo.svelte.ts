/** Takes back what was done: changes of what the list shows (its filters, order, groups, columns and chart's time, and the preset they came from), and of notes. */
import { untrack } from 'svelte';
import type { ListGrouping, Query } from '../../../src-main/contract/query.ts';
import { writeText } from '../filters/conditions.ts';
import type { MainTime } from '../filters/quick-spans.ts';
import { notes } from '../window/notes.svelte.ts';
import { columns, type ColumnState } from './columns.svelte.ts';
import { groupedList } from './groups.svelte.ts';
import { presets } from './presets.svelte.ts';
import { question } from './question.svelte.ts';
import { Acts, Steps, type Act } from './steps.ts';

type Shown = Query & {
  preset: string | null;
  time: MainTime;
  group: ListGrouping | null;
  columns: ColumnState;
};

const key = (shown: Shown) => JSON.stringify(shown);
const withoutText = (shown: Shown) => key({ ...shown, where: writeText(shown.where, '') });
const withoutWidths = (shown: Shown) =>
  key({ ...shown, columns: { ...shown.columns, list: shown.columns.list.map((one) => ({ ...one, width: 0 })) } });

/** The letters of a search are one step, and so is the drag that makes a column wider. */
function joins(last: Shown, next: Shown): string | null {
  if (withoutText(last) === withoutText(next)) return 'text';
  return withoutWidths(last) === withoutWidths(next) ? 'widths' : null;
}

class Undo {
  /** the message on the replaced filters, and what it is true of: it goes when something else is shown */
  private said: { id: number; of: string } | null = null;
  private readonly steps = new Steps<Shown>(key, joins);
  private readonly acts = new Acts();
  private readonly shown: Act = {
    back: () => this.show(this.steps.back()),
    forth: () => this.show(this.steps.forth()),
  };
  /** what the window begins with is no change */
  private begun = false;

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      const now = this.now();
      untrack(() => this.note(now));
    });
  }

  private note(now: Shown): void {
    const step = this.steps.note(now);
    if (step === 'new' && this.begun) this.acts.did(this.shown);
    else if (step !== 'none') this.acts.goesOn();
    this.begun = true;
    if (this.said === null || this.said.of === key(now)) return;
    notes.close(this.said.id);
    this.said = null;
  }

  back(): void {
    this.acts.back();
  }

  forth(): void {
    this.acts.forth();
  }

  /** Something other than the question was changed. */
  did(act: Act): void {
    this.acts.did(act);
  }

  /** That act, whatever was done since. */
  takeBack(act: Act): void {
    this.acts.takeBack(act);
  }

  /** Replaces all filters, and says so with a way back. */
  replace(where: Query['where'], said: string): void {
    const before = this.now();
    presets.leave();
    question.set(where);
    const id = notes.say(said, { label: 'Undo', run: () => this.show(before) });
    this.said = { id, of: key(this.now()) };
  }

  private now(): Shown {
    const { where, sort } = question.query;
    return {
      where,
      sort,
      preset: presets.activeId,
      time: question.timeWish,
      group: groupedList.kept,
      columns: columns.state,
    };
  }

  private show(shown: Shown | null): void {
    if (!shown) return;
    const { where, sort, preset, time, group } = shown;
    const now = this.now();
    presets.reselect(preset);
    columns.resume(shown.columns);
    if (JSON.stringify(group) !== JSON.stringify(now.group)) groupedList.resume(group);
    question.timeWish = time;
    const asked = ({ where, sort, time }: Shown) => JSON.stringify({ where, sort, time });
    // what only looks different is not asked again: the list stays where it is
    if (asked(shown) !== asked(now)) question.load({ where, sort });
  }
}

export const undo = new Undo();
