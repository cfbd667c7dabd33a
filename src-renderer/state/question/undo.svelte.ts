/** Takes back changes of the question: its filters, its order and the preset they came from. */
import { untrack } from 'svelte';
import type { Query } from '../../../src-main/contract/query.ts';
import { writeText } from '../filters/conditions.ts';
import { notes } from '../window/notes.svelte.ts';
import { presets } from './presets.svelte.ts';
import { question } from './question.svelte.ts';
import { Steps } from './steps.ts';

type Asked = Query & { preset: string | null };

/** Two questions that differ in the text alone are steps of one search. */
const key = (asked: Asked) => JSON.stringify(asked);
const withoutText = (asked: Asked) => key({ ...asked, where: writeText(asked.where, '') });

class Undo {
  private readonly steps = new Steps<Asked>(key, (last, next) => withoutText(last) === withoutText(next));

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      const now = this.now();
      untrack(() => this.steps.note(now));
    });
  }

  back(): void {
    this.show(this.steps.back());
  }

  forth(): void {
    this.show(this.steps.forth());
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
