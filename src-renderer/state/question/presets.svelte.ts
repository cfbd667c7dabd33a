/** Saved views, each a question and its columns: the list, live counts, which one is on screen and whether it was changed since. */
import { untrack } from 'svelte';
import { toAppError } from '../../../src-main/contract/errors.ts';
import { PRESET_FILE_ENDING } from '../../../src-main/contract/preset-file.ts';
import type { Preset } from '../../../src-main/contract/preset.ts';
import { plural } from '../../format.ts';
import { api, app } from '../window/app.svelte.ts';
import { receiveDownload } from '../handover/exports.svelte.ts';
import { columns } from './columns.svelte.ts';
import { dialogs } from '../window/dialogs.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { views } from '../window/views.svelte.ts';
import { fieldInfo } from '../filters/catalog.ts';
import { knownName, rememberName } from '../filters/names.svelte.ts';
import { freeName, type ImportHow, type ImportItem } from './preset-import.ts';
import { localPreset, lookupIn, namesIn, type LocalPreset } from '../../../src-main/contract/preset-names.ts';
import { groupedList } from './groups.svelte.ts';
import { differs, inOrder } from './preset-order.ts';
import { question } from './question.svelte.ts';

/** The contract's limit for one call of query.counts. */
const COUNTED = 64;

class Presets {
  private kept = $state.raw<Preset[]>([]);
  /** presets that name flows or the like by ids, as the open workspace has them; by id */
  private local = $state.raw<ReadonlyMap<string, LocalPreset>>(new Map());
  list = $derived(
    inOrder(
      this.kept.map((one) => ({ ...one, query: this.local.get(one.id)?.query ?? one.query })),
      app.settings.pinned_presets,
    ),
  );
  counts = $state.raw<ReadonlyMap<string, number>>(new Map());
  activeId = $state<string | null>(null);

  active = $derived(this.list.find((one) => one.id === this.activeId) ?? null);
  /** the question, the columns or the grouping were changed since the preset was chosen */
  dirty = $derived(this.active !== null && differs(this.active, question.query, columns, groupedList.kept));
  /** of the archive that the answer on screen is from */
  private version = $derived(question.answer?.version ?? null);
  /** the workspace whose default preset was chosen, or is not to be */
  private begun: string | null = null;
  /** the workspace that `local` is about */
  private place: string | null = null;

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      if (!app.ready) return;
      const { workspace } = app.ready;
      untrack(() => void this.load(workspace));
    });
    // the counts change with the archive, not with the question
    $effect(() => {
      const { workspace } = app;
      if (this.version !== null && workspace && this.kept.length > 0) untrack(() => void this.count(workspace));
    });
  }

  /**
   * Reads the presets, and looks up in the workspace what they name. A workspace that was just opened also begins with its default preset,
   * if it has one.
   */
  async load(workspace = app.workspace): Promise<void> {
    try {
      this.kept = await api['preset.list']({});
      if (workspace !== null) await this.localize(workspace);
      if (workspace === null || this.begun === workspace) return;
      this.begun = workspace;
      const first = this.list.find((one) => this.isDefault(one));
      if (first) this.choose(first);
    } catch (thrown) {
      notes.fail(thrown);
    }
  }

  /**
   * Finds out what the presets' ids are called in the workspace. What was not here is looked for again: it may have come. A preset that is
   * on screen as it was saved goes along. A failure leaves the presets as they are.
   */
  private async localize(workspace: string): Promise<void> {
    const known: [string, LocalPreset][] = [];
    try {
      for (const preset of this.kept) {
        const found = await localPreset(preset, lookupIn(workspace, api));
        if (found) known.push([preset.id, found]);
      }
    } catch (thrown) {
      if (toAppError(thrown).code !== 'DISCONNECTED') this.local = new Map();
      return;
    }
    if (app.workspace !== workspace) return;
    const unchanged = this.active !== null && !this.dirty;
    const local = new Map(known);
    this.local = local;
    this.place = workspace;
    // their chips say the name, although nothing here has it
    for (const { id, names } of this.kept)
      for (const { field, id: named } of local.get(id)?.absent ?? []) rememberName(field, named, names[named] ?? null);
    if (unchanged && this.dirty && this.active) question.load(this.active.query);
  }

  /** In words, what the preset names and this workspace does not have. */
  missing(preset: Preset): string[] {
    const absent = this.local.get(preset.id)?.absent ?? [];
    return absent.map(({ field, id }) => `${fieldInfo(field).short} ${preset.names[id] ?? id}`);
  }

  /** Counts the runs of each preset. A failure leaves the presets without counts. */
  async count(workspace: string): Promise<void> {
    if (this.place !== workspace || [...this.local.values()].some(({ absent }) => absent.length > 0))
      await this.localize(workspace);
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
    columns.show(preset.columns, preset.frozen);
    if (preset.group !== undefined) groupedList.resume(preset.group);
    question.load(preset.query);
    const missing = this.missing(preset);
    if (missing.length > 0) notes.say(`Not in this workspace, so far as is known here: ${missing.join(', ')}`);
  }

  /** Shows its runs and opens the export of them, which waits for their answer. */
  exportRuns(preset: Preset): void {
    views.showList();
    this.choose(preset);
    dialogs.exportRuns();
  }

  /** As the window was left: the preset, and the columns on screen. No default preset takes their place. */
  resume(id: string | null, fields: readonly string[] | null, frozen: number): void {
    this.begun = app.workspace;
    this.activeId = id;
    columns.show(fields, frozen);
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
    columns.show(preset.columns, preset.frozen);
  }

  pinned(preset: Preset): boolean {
    return app.settings.pinned_presets.includes(preset.id);
  }

  togglePin(preset: Preset): void {
    const others = app.settings.pinned_presets.filter((id) => id !== preset.id);
    void app.save({ pinned_presets: this.pinned(preset) ? others : [...others, preset.id] });
  }

  /** Whether the open workspace opens with it. */
  isDefault(preset: Preset): boolean {
    return app.workspace !== null && app.settings.default_presets[app.workspace] === preset.id;
  }

  toggleDefault(preset: Preset): void {
    const { workspace } = app;
    if (workspace === null) return;
    const { [workspace]: before, ...others } = app.settings.default_presets;
    void app.save({ default_presets: before === preset.id ? others : { ...others, [workspace]: preset.id } });
  }

  async save(name: string): Promise<boolean> {
    return notes.attempt(async () => {
      const { query } = question;
      const names = namesIn(query, knownName);
      const folder = this.active?.folder ?? '';
      const { fields, frozen } = columns;
      const group = groupedList.kept;
      const saved = await api['preset.save']({ name, folder, query, names, columns: fields, frozen, group });
      await this.load();
      this.activeId = saved.id;
      columns.show(saved.columns, saved.frozen);
      notes.say(`Saved “${saved.name}”`);
    });
  }

  /** Saves the question, the columns and the grouping on screen as the preset's. */
  async update(preset: Preset): Promise<boolean> {
    const { query } = question;
    const now = {
      ...preset,
      query,
      names: namesIn(query, knownName),
      columns: columns.fields,
      frozen: columns.frozen,
      group: groupedList.kept,
    };
    const done = await this.change(now, `Updated “${preset.name}”`);
    if (done && this.activeId === preset.id) columns.show(now.columns, now.frozen);
    return done;
  }

  async rename(preset: Preset, name: string): Promise<boolean> {
    return this.change({ ...this.asSaved(preset), name }, `Renamed to “${name}”`);
  }

  async move(preset: Preset, folder: string): Promise<boolean> {
    const said = folder === '' ? `“${preset.name}” is in no folder now` : `“${preset.name}” is in “${folder}” now`;
    return this.change({ ...this.asSaved(preset), folder }, said);
  }

  /** Beside it, under a name of its own; one that comes with the app becomes the person's. */
  async duplicate(preset: Preset): Promise<boolean> {
    return notes.attempt(async () => {
      const name = freeName(preset.name, this.names);
      const saved = await api['preset.save']({ ...this.asSaved(preset), name });
      await this.load();
      notes.say(`“${saved.name}” is a copy of “${preset.name}”`);
    });
  }

  /** Writes a file of them, where the person wants it. */
  async export(list: readonly Preset[]): Promise<boolean> {
    return notes.attempt(async () => {
      const name = list.length === 1 ? (list[0]?.name ?? '') : 'taskscope';
      const safe = name.replace(/[^\p{L}\p{N} _-]+/gu, '').trim() || 'taskscope';
      const place = await api['export.choose']({ suggested: safe + PRESET_FILE_ENDING });
      if (!place) return;
      const { path, download } = await api['preset.export']({ ids: list.map(({ id }) => id), save: place.save });
      if (download !== null) receiveDownload(download);
      notes.say(`${plural(list.length, 'preset')} exported${download === null ? ` to ${path}` : ''}`);
    });
  }

  /** `hows`: what was chosen for each. Those that were taken in before one failed stay. */
  async import(plan: readonly ImportItem[], hows: readonly ImportHow[]): Promise<boolean> {
    return notes.attempt(async () => {
      const names = this.names;
      let taken = 0;
      try {
        for (const [i, { preset, here }] of plan.entries()) {
          const how = hows[i];
          if (how === 'skip') continue;
          if (how === 'replace' && here) await api['preset.update']({ ...preset, id: here.id });
          else {
            const { name } = await api['preset.save']({ ...preset, name: freeName(preset.name, names) });
            names.push(name);
          }
          taken += 1;
        }
      } finally {
        await this.load();
      }
      notes.say(taken === 0 ? 'No preset was taken in' : `${plural(taken, 'preset')} imported`);
    });
  }

  /** As they were saved, whatever workspace is open; those that come with the app among them. */
  get saved(): readonly Preset[] {
    return this.kept;
  }

  /** A copy: names that are taken. */
  get names(): string[] {
    return this.kept.map(({ name }) => name);
  }

  /** Folders that there are, by name. */
  get folders(): string[] {
    return [...new Set(this.list.flatMap(({ folder }) => folder || []))].sort((a, b) => a.localeCompare(b, 'en'));
  }

  /** With the ids of the workspace that it was saved in. */
  private asSaved(preset: Preset): Preset {
    return this.kept.find(({ id }) => id === preset.id) ?? preset;
  }

  private async change(preset: Preset, said: string): Promise<boolean> {
    return notes.attempt(async () => {
      await api['preset.update'](preset);
      await this.load();
      notes.say(said);
    });
  }

  async remove(preset: Preset): Promise<boolean> {
    const saved = this.asSaved(preset);
    return notes.attempt(async () => {
      await api['preset.remove']({ id: preset.id });
      if (this.activeId === preset.id) this.leave();
      if (this.pinned(preset)) this.togglePin(preset);
      if (this.isDefault(preset)) this.toggleDefault(preset);
      await this.load();
      notes.say(`Deleted “${preset.name}”`, {
        label: 'Undo',
        run: () => void this.restore(saved),
      });
    });
  }

  private async restore(preset: Preset): Promise<void> {
    await notes.attempt(async () => {
      await api['preset.save'](preset);
      await this.load();
    });
  }
}

export const presets = new Presets();
