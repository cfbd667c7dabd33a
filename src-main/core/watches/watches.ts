/**
 * Presets that tell when runs come to match them. Every few seconds each open archive with watches is asked for what is new, all of its watches in
 * one call; what is found is written down first and told afterwards, so that a crash in between tells less and never twice.
 */
import { z } from 'zod';
import { AppError, toAppError, type WireError } from '../../contract/errors.ts';
import { localPreset, lookupIn } from '../../contract/preset-names.ts';
import type { Preset } from '../../contract/preset.ts';
import type { Condition } from '../../contract/query.ts';
import type { Settings } from '../../contract/settings.ts';
import { MOST_WATCHES, type WatchNews } from '../../contract/watch.ts';
import type { Archive } from '../archive/archive.ts';
import { Latest } from '../archive/latest.ts';
import { openJsonFile, type JsonFile } from '../files/json-file.ts';
import type { Log, Shell } from '../shell.ts';
import type { Entry } from '../workspaces/workspaces.ts';
import { begun, keptWatchSchema, MOST_TOLD, newWatch, seen, taken, type KeptWatch } from './kept-watch.ts';
import { noticeWords } from './notice.ts';
import { isQuiet } from './quiet-hours.ts';

/** ms between two looks; each costs the query thread 4 to 9 ms for a watch at a million rows (machine under load). */
const EVERY = 5000;

type WatchesOptions = {
  file: JsonFile<KeptWatch[]>;
  presets: { list(): Preset[] };
  workspaces: { list(): Entry[]; get(name: string): Entry };
  archives: { get(name: string): Promise<Archive>; openNow(name: string): Promise<Archive | null> };
  settings: JsonFile<Settings>;
  shell: Shell;
  log: Log;
  /** why nothing may be written; null: it may */
  readOnly: WireError | null;
  /** ms; default 5 s */
  every?: number | undefined;
  /** µs */
  now?: (() => number) | undefined;
};

export const openWatchFile = (path: string, readOnly: AppError | null): Promise<JsonFile<KeptWatch[]>> =>
  openJsonFile(path, z.array(keptWatchSchema).max(MOST_WATCHES), [], { holds: 'watches', readOnly });

export class Watches {
  readonly news = new Latest<WatchNews>({ watches: [], notice: null, opened: null });
  readonly #options: WatchesOptions;
  readonly #now: () => number;
  #list: KeptWatch[];
  /** `#list` is not written down as it is. */
  #changed = false;
  #number = 0;
  /** what the app's icon shows */
  #badge = 0;
  #timer: NodeJS.Timeout | null = null;
  #passing: Promise<void> = Promise.resolve();
  /** By open archive: watches that its query thread knows, with the condition that they have there. */
  readonly #known = new WeakMap<Archive, Map<string, { where: Condition; whole: boolean }>>();

  constructor(options: WatchesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => Date.now() * 1000);
    this.#list = options.file.get();
    this.#tell({});
  }

  /** Looks by itself from now on, and opens the archives that are watched, so that they sync. */
  begin(): void {
    if (this.#options.readOnly) return;
    for (const file of new Set(this.#list.map((watch) => watch.file))) {
      const entry = this.#entryOf(file);
      if (entry) this.#options.archives.get(entry.name).catch(() => undefined); // the window says why when it is opened there
    }
    this.#timer = setInterval(() => void this.look(), this.#options.every ?? EVERY);
    this.#timer.unref();
  }

  /** Watches the preset in the workspace, or no longer. What matches already is not told. Throws NOT_FOUND, BAD_INPUT for too many watches, and why nothing may be written. */
  async set(workspace: string, preset: string, on: boolean): Promise<void> {
    const { file } = this.#options.workspaces.get(workspace);
    if (!this.#options.presets.list().some(({ id }) => id === preset))
      throw new AppError('NOT_FOUND', `no preset ${preset}`, { preset });
    const others = this.#list.filter((one) => !(one.file === file && one.preset === preset));
    if (on && others.length === this.#list.length) {
      if (others.length >= MOST_WATCHES)
        throw new AppError('BAD_INPUT', `at most ${MOST_WATCHES} presets are watched`, { preset });
      this.#list = [...others, newWatch(file, preset)];
    } else if (!on) this.#list = others;
    this.#changed = true;
    await this.#write();
    this.#tell({});
    await this.look(); // it begins now, not with the next look
  }

  /** The person looks at the preset: its count is gone. Returns the runs that were new. */
  async seen(workspace: string, preset: string): Promise<string[]> {
    const { file } = this.#options.workspaces.get(workspace);
    const watch = this.#list.find((one) => one.file === file && one.preset === preset);
    if (!watch) return [];
    if (watch.count > 0) {
      this.#replace(watch, seen);
      await this.#writeIfPossible();
    }
    const { opened } = this.news.get();
    this.#tell(opened?.workspace === workspace && opened.preset === preset ? { opened: null } : {});
    return watch.ids;
  }

  /** A preset or a workspace is no more. */
  async forget({ preset = null, file = null }: { preset?: string | null; file?: string | null }): Promise<void> {
    const rest = this.#list.filter((one) => one.preset !== preset && one.file !== file);
    if (rest.length === this.#list.length) return;
    this.#list = rest;
    this.#changed = true;
    await this.#writeIfPossible();
    this.#tell({});
  }

  /** Looks for new matches in every open archive that is watched. Looks go one after another. */
  look(): Promise<void> {
    if (this.#options.readOnly || this.#list.length === 0) return Promise.resolve();
    this.#passing = this.#passing.then(async () => {
      for (const file of new Set(this.#list.map((watch) => watch.file))) {
        const entry = this.#entryOf(file);
        const archive = entry && (await this.#options.archives.openNow(entry.name));
        if (!entry || !archive) continue;
        try {
          await this.#lookInto(entry, archive);
        } catch (thrown) {
          const { code } = toAppError(thrown);
          // an archive that is being closed or opened anew is looked into later
          if (code !== 'DISCONNECTED' && code !== 'THREAD_DIED')
            this.#options.log('warn', 'watches not looked at', { workspace: entry.name, code });
        }
      }
    });
    return this.#passing;
  }

  /** Writes down when it was last looked. */
  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#passing;
    if (this.#list.length > 0) this.#changed = true;
    await this.#writeIfPossible();
  }

  async #lookInto(entry: Entry, archive: Archive): Promise<void> {
    const presets = new Map(this.#options.presets.list().map((one) => [one.id, one]));
    const known = this.#known.get(archive) ?? new Map<string, { where: Condition; whole: boolean }>();
    this.#known.set(archive, known);
    const now = this.#now();
    const asked: { watch: KeptWatch; key: string; first: boolean; where: Condition; whole: boolean }[] = [];
    for (const watch of this.#list.filter(({ file }) => file === entry.file)) {
      const preset = presets.get(watch.preset);
      if (!preset) continue;
      const text = JSON.stringify(preset.query.where);
      // begun while the clock was ahead, it would find nothing until that time has come
      const first = watch.asked !== text || watch.since > now;
      if (first) this.#replace(watch, (one) => begun(one, text, now));
      const key = `${watch.preset} ${text}`;
      const before = known.get(key);
      const local = before?.whole ? before : await conditionIn(archive, preset);
      asked.push({ watch: first ? begun(watch, text, now) : watch, key, first, ...local });
    }
    if (asked.length === 0) return;
    const found = await archive.query.newMatches({
      watches: asked.map(({ watch: { since, looked, floor, told }, key, where }) => ({
        ...{ key, where, since, looked, floor },
        told: known.has(key) ? null : Object.keys(told),
      })),
      now,
      most: MOST_TOLD,
    });
    for (const [i, { watch, key, first, where, whole }] of asked.entries()) {
      known.set(key, { where, whole });
      const news = found[i];
      if (news) this.#replace(watch, (one) => taken(one, news, now, first), news.runs.length > 0 || first);
    }
    await this.#tellOf(entry, presets, now);
  }

  /** What is not told yet is told, unless it is quiet now. */
  async #tellOf(entry: Entry, presets: ReadonlyMap<string, Preset>, now: number): Promise<void> {
    const quiet = isQuiet(this.#options.settings.get().quiet_hours, now);
    const owing = quiet ? [] : this.#list.filter(({ file, owed }) => file === entry.file && owed > 0);
    for (const watch of owing) this.#replace(watch, (one) => ({ ...one, owed: 0 }));
    if (!(await this.#writeIfPossible())) {
      // owed again and told next time: what is not written down would be told again after a restart
      for (const watch of owing) this.#replace(watch, (one) => ({ ...one, owed: one.owed + watch.owed }));
      return;
    }
    const news = owing.map(({ preset, owed }) => ({ id: preset, name: presets.get(preset)?.name ?? '', count: owed }));
    const most = news.toSorted((a, b) => b.count - a.count)[0];
    this.#tell({});
    if (!most) return;
    const { shell } = this.#options;
    const number = ++this.#number;
    const notice = { number, ...noticeWords(entry.name, news), workspace: entry.name, preset: most.id };
    const open = { number, workspace: entry.name, preset: most.id };
    if (shell.notify) shell.notify(notice, () => this.#tell({ opened: open }));
    else this.#tell({ notice });
  }

  /** `counts`: false for what need not be written down at once. */
  #replace({ file, preset }: KeptWatch, next: (watch: KeptWatch) => KeptWatch, counts = true): void {
    this.#list = this.#list.map((one) => (one.file === file && one.preset === preset ? next(one) : one));
    if (counts) this.#changed = true;
  }

  async #write(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    try {
      await this.#options.file.change(() => this.#list);
    } catch (thrown) {
      this.#changed = true;
      throw thrown;
    }
  }

  async #writeIfPossible(): Promise<boolean> {
    try {
      await this.#write();
      return true;
    } catch (thrown) {
      this.#options.log('warn', 'watches not kept', { code: toAppError(thrown).code });
      return false;
    }
  }

  #tell(change: Partial<WatchNews>): void {
    const watches = this.#list.flatMap(({ file, preset, count, ids }) => {
      const entry = this.#entryOf(file);
      return entry ? [{ workspace: entry.name, preset, count, ids }] : [];
    });
    const total = watches.reduce((sum, { count }) => sum + count, 0);
    if (total !== this.#badge) this.#options.shell.badge?.(total);
    this.#badge = total;
    this.news.set({ ...this.news.get(), ...change, watches });
  }

  #entryOf(file: string): Entry | undefined {
    return this.#options.workspaces.list().find((one) => one.file === file);
  }
}

/** The preset's condition with the ids that its flows and the like have in this archive. `whole`: all of them are known there. */
async function conditionIn(archive: Archive, preset: Preset): Promise<{ where: Condition; whole: boolean }> {
  const { query } = archive;
  const local = await localPreset(
    preset,
    lookupIn('', {
      'query.counts': ({ queries }) => query.counts({ queries }),
      'query.ask': ({ workspace: _, ...question }) => query.ask(question),
    }),
  );
  return { where: local?.query.where ?? preset.query.where, whole: (local?.absent.length ?? 0) === 0 };
}
