/** Saved questions: the list, live counts, which one is on screen and whether it was changed since. */
import { toAppError } from '../../src-main/contract/errors.ts';
import type { Preset } from '../../src-main/contract/rows.ts';
import { api } from './app.svelte.ts';
import { sameCondition } from './conditions.ts';
import { notes } from './notes.svelte.ts';
import { question } from './question.svelte.ts';
import { sameSort } from './sorts.ts';

/** The contract's limit for one call of query.counts. */
const COUNTED = 64;

class Presets {
  list = $state.raw<Preset[]>([]);
  counts = $state.raw<ReadonlyMap<string, number>>(new Map());
  activeId = $state<string | null>(null);

  active = $derived(this.list.find((one) => one.id === this.activeId) ?? null);
  /** the question was changed since the preset was chosen */
  dirty = $derived(
    this.active !== null &&
      !(sameCondition(this.active.query.where, question.where) && sameSort(this.active.query.sort, question.sort)),
  );

  async load(): Promise<void> {
    try {
      this.list = await api['preset.list']({});
    } catch (thrown) {
      notes.fail(thrown);
    }
  }

  /** Counts are a convenience: without them the names still work. */
  async count(workspace: string): Promise<void> {
    const list = this.list.slice(0, COUNTED);
    if (list.length === 0) return;
    try {
      const counts = await api['query.counts']({ workspace, queries: list.map((one) => one.query) });
      this.counts = new Map(list.map((one, i) => [one.id, counts[i] ?? 0]));
    } catch (thrown) {
      if (toAppError(thrown).code !== 'DISCONNECTED') this.counts = new Map();
    }
  }

  choose(preset: Preset): void {
    this.activeId = preset.id;
    question.load(preset.query);
  }

  async save(name: string): Promise<boolean> {
    return notes.attempt(async () => {
      const saved = await api['preset.save']({ name, query: question.query, columns: null });
      await this.load();
      this.activeId = saved.id;
      notes.say(`Saved “${saved.name}”`);
    });
  }

  /** The preset takes the question on screen. */
  async update(preset: Preset): Promise<boolean> {
    return this.change({ ...preset, query: question.query }, `Updated “${preset.name}”`);
  }

  async rename(preset: Preset, name: string): Promise<boolean> {
    return this.change({ ...preset, name }, `Renamed to “${name}”`);
  }

  private async change(preset: Preset, said: string): Promise<boolean> {
    return notes.attempt(async () => {
      const { id, name, query, columns } = preset;
      await api['preset.update']({ id, name, query, columns });
      await this.load();
      notes.say(said);
    });
  }

  async remove(preset: Preset): Promise<boolean> {
    return notes.attempt(async () => {
      await api['preset.remove']({ id: preset.id });
      if (this.activeId === preset.id) this.activeId = null;
      await this.load();
      notes.say(`Deleted “${preset.name}”`, {
        label: 'Undo',
        run: () => void this.restore(preset),
      });
    });
  }

  private async restore(preset: Preset): Promise<void> {
    await notes.attempt(async () => {
      const { name, query, columns } = preset;
      await api['preset.save']({ name, query, columns });
      await this.load();
    });
  }
}

export const presets = new Presets();
