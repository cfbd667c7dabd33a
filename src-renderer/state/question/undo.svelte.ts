/** Takes back what was done: changes of the question (its filters, its order and the preset they came from), and of notes. */
import { untrack } from 'svelte';
import type { Query } from '../../../src-main/contract/query.ts';
import { writeText } from '../filters/conditions.ts';
import { notes } from '../window/notes.svelte.ts';
import { presets } from './presets.svelte.ts';
import { question } from './question.svelte.ts';
import { Acts, Steps, type Act } from './steps.ts';

type Asked = Query & { preset: string | null };

/** Two questions that differ in the text alone are steps of one search. */
const key = (asked: Asked) => JSON.stringify(asked);
const withoutText = (asked: Asked) => key({ ...asked, where: writeText(asked.where, '') });

class Undo {
  private readonly steps = new Steps<Asked>(key, (last, next) => withoutText(last) === withoutText(next));
  private readonly acts = new Acts();
  private readonly asked: Act = {
    back: () => this.show(this.steps.back()),
    forth: () => this.show(this.steps.forth()),
  };
  /** the question that the window begins with is no change */
  private begun = false;

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      const now = this.now();
      untrack(() => this.note(now));
    });
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

  private note(now: Asked): void {
    const step = this.steps.note(now);
    if (step === 'new' && this.begun) this.acts.did(this.asked);
    else if (step !== 'none') this.acts.goesOn();
    this.begun = true;
  }

  /** Replaces all filters, and says so with a way back. */
  replace(where: Query['where'], said: string): void {
    const before = this.now();
    presets.leave();
    question.set(where);
    notes.say(said, { label: 'Undo', run: () => this.show(before) });
  }

  private now(): Asked {
    const { where, sort } = question.query;
    return { where, sort, preset: presets.activeId };
  }

  private show(asked: Asked | null): void {
    if (!asked) return;
    presets.reselect(asked.preset);
    question.load(asked);
  }
}

export const undo = new Undo();
