/** Saved views, each a question and its columns: the list, live counts, which one is on screen and whether it was changed since. */
import { untrack } from 'svelte';
import { toAppError } from '../../../src-main/contract/errors.ts';
import type { Preset } from '../../../src-main/contract/preset.ts';
import { TRUE } from '../../../src-main/contract/query.ts';
import { api, app } from '../window/app.svelte.ts';
import { columns } from './columns.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { differs, inOrder } from './preset-order.ts';
import { question } from './question.svelte.ts';

/** The contract's limit for one call of query.counts. */
const COUNTED = 64;

class Presets {
  private kept = $state.raw<Preset[]>([]);
  list = $derived(inOrder(this.kept, app.settings.pinned_presets));
  counts = $state.raw<ReadonlyMap<string, number>>(new Map());
  activeId = $state<string | null>(null);

  active = $derived(this.list.find((one) => one.id === this.activeId) ?? null);
  /** the question or the columns were changed since the preset was chosen */
  dirty = $derived(this.active !== null && differs(this.active, question.query, columns.fields));
  /** of the archive that the answer on screen is from */
  private version = $derived(question.answer?.version ?? null);
  private started = false;

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      if (app.ready) untrack(() => void this.load());
    });
    // the counts change with the archive, not with the question
    $effect(() => {
      if (this.version !== null && app.workspace && this.list.length > 0) void this.count(app.workspace);
    });
  }

  /** Reads the presets. The first time it also chooses the default preset, unless a filter is set already. */
  async load(): Promise<void> {
    try {
      this.kept = await api['preset.list']({});
      const first = this.list.find(({ id }) => id === app.settings.default_preset);
      if (!this.started && first && question.where === TRUE) this.choose(first);
      this.started = true;
    } catch (thrown) {
      notes.fail(thrown);
    }
  }

  /** Counts the runs of each preset. A failure leaves the presets without counts. */
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
    columns.show(preset.columns);
    question.load(preset.query);
  }

  /** Deselects the preset and goes back to the person's own columns. */
  leave(): void {
    this.activeId = null;
    columns.show(null);
  }

  /** Selects the preset again, with its columns and without its question; null, or one that is deleted meanwhile: none. */
  reselect(id: string | null): void {
    const preset = this.list.find((one) => one.id === id);
    if (!preset) return this.leave();
    if (this.activeId === id) return;
    this.activeId = preset.id;
    columns.show(preset.columns);
  }

  pinned(preset: Preset): boolean {
    return app.settings.pinned_presets.includes(preset.id);
  }

  togglePin(preset: Preset): void {
    const others = app.settings.pinned_presets.filter((id) => id !== preset.id);
    void app.save({ pinned_presets: this.pinned(preset) ? others : [...others, preset.id] });
  }

  isDefault(preset: Preset): boolean {
    return app.settings.default_preset === preset.id;
  }

  toggleDefault(preset: Preset): void {
    void app.save({ default_preset: this.isDefault(preset) ? null : preset.id });
  }

  async save(name: string): Promise<boolean> {
    return notes.attempt(async () => {
      const saved = await api['preset.save']({ name, query: question.query, columns: columns.fields });
      await this.load();
      this.activeId = saved.id;
      columns.show(saved.columns);
      notes.say(`Saved “${saved.name}”`);
    });
  }

  /** Saves the question and the columns on screen as the preset's. */
  async update(preset: Preset): Promise<boolean> {
    const now = { ...preset, query: question.query, columns: columns.fields };
    const done = await this.change(now, `Updated “${preset.name}”`);
    if (done && this.activeId === preset.id) columns.show(now.columns);
    return done;
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
      if (this.activeId === preset.id) this.leave();
      if (this.pinned(preset)) this.togglePin(preset);
      if (this.isDefault(preset)) this.toggleDefault(preset);
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
