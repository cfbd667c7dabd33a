/**
 * The way back: each view, each question and each run that was opened is an entry of the browser's own history, so that Alt and the arrows,
 * the mouse's keys and a trackpad walk through them in both shells. An entry's address says what it shows and can be copied, reloaded and
 * opened elsewhere; its state says where the list was scrolled to and what was chosen.
 *
 * Undo (question/undo.svelte.ts) is another way: it takes back changes of the question and leaves the view and the open run. What it does is
 * a change like any other, and so an entry; what going back does can be undone.
 */
import { tick, untrack } from 'svelte';
import { writePlace, type Place } from '../../../src-main/contract/place.ts';
import { chosen } from '../question/chosen.svelte.ts';
import { columns } from '../question/columns.svelte.ts';
import { groupedList } from '../question/groups.svelte.ts';
import { presets } from '../question/presets.svelte.ts';
import { question } from '../question/question.svelte.ts';
import { api, app } from './app.svelte.ts';
import { dialogs } from './dialogs.svelte.ts';
import { stepOf } from './entries.ts';
import { notes } from './notes.svelte.ts';
import { selection } from './selection.svelte.ts';
import { entryPlace, type EntryState, type Start } from './start.ts';
import { views } from './views.svelte.ts';

/** Pause after a change of what an entry holds until it is kept, ms. Browsers take 200 in 30 s. */
const SETTLE_MS = 300;
/** Pause until main is told where the window is, ms: it writes a file. */
const SAVE_MS = 1000;
/** A longer text stays out of the address, which browsers cut at 2 MB, and in the entry's state only. */
const LONGEST = 60_000;
/** Chosen rows that an entry remembers. */
const MOST_KEPT = 1000;

class WayBack {
  canGoBack = $state(false);
  canGoForward = $state(false);

  /** what the window begins with is on screen: from now on changes are noted */
  private begun = $state(false);
  private last: Place | null = null;
  private joined = false;
  /** grows with each place that is shown: an older one that waits for its archive is given up */
  private turn = 0;
  private showing = false;
  /** a run that a link names is scrolled to once its place is known */
  private revealed: string | null = null;
  /** ids of the rows that are chosen */
  private chosen: string[] = [];
  private settling: ReturnType<typeof setTimeout> | undefined;
  private saving: ReturnType<typeof setTimeout> | undefined;
  private saved = '';

  /** Registers the effect that shows what the window begins with; call before the question is followed. */
  begin(): void {
    let shown = false;
    $effect(() => {
      if (shown || app.boot !== 'ready') return;
      shown = true;
      untrack(() => app.start && this.showQuestion(app.start));
    });
  }

  /** Registers the other effects; call after the question is followed, which closes the run of another workspace. */
  follow(): void {
    $effect(() => {
      if (!app.ready || this.begun) return;
      untrack(() => {
        this.begun = true;
        if (app.start) void this.show(app.start, history.state === null);
      });
    });
    $effect(() => {
      if (!app.ready || !this.begun) return;
      const place = this.now();
      untrack(() => this.note(place));
    });
    // after a change was noted: the entry that is left keeps what was chosen in it
    $effect(() => {
      this.chosen = chosen.ids.slice(0, MOST_KEPT);
      untrack(() => this.keepLater());
    });
    $effect(() => {
      if (this.revealed === null || selection.id !== this.revealed || selection.index === null) return;
      this.revealed = null;
      untrack(() => (selection.reveal += 1));
    });
    $effect(() => this.listen());
  }

  back(): void {
    history.back();
  }

  forward(): void {
    history.forward();
  }

  /** What is on screen. */
  now(): Place {
    return {
      view: views.now,
      workspace: app.workspace,
      query: question.query,
      group: groupedList.kept,
      columns: columns.instead,
      frozen: columns.instead ? columns.frozen : 0,
      preset: presets.activeId,
      run: selection.id,
    };
  }

  private listen(): () => void {
    const onpop = () => {
      const entry = history.state as EntryState | null;
      clearTimeout(this.settling); // what was not kept yet belongs to the entry that was left
      const place = entryPlace(entry, location.hash);
      if (place) void this.show({ place, row: entry?.row ?? 0, chosen: entry?.chosen ?? [] }, entry === null);
      else this.refuse();
    };
    const onscroll = () => this.keepLater();
    const onhide = () => {
      this.keep();
      this.save();
    };
    window.addEventListener('popstate', onpop);
    window.addEventListener('pagehide', onhide);
    document.addEventListener('scroll', onscroll, { capture: true, passive: true });
    // a browser without this interface has buttons that may do nothing
    const { navigation } = window as { navigation?: Navigation };
    const look = () => {
      this.canGoBack = navigation?.canGoBack ?? true;
      this.canGoForward = navigation?.canGoForward ?? true;
    };
    look();
    navigation?.addEventListener('currententrychange', look);
    return () => {
      window.removeEventListener('popstate', onpop);
      window.removeEventListener('pagehide', onhide);
      document.removeEventListener('scroll', onscroll, { capture: true });
      navigation?.removeEventListener('currententrychange', look);
    };
  }

  private refuse(): void {
    notes.say('This link says nothing that can be shown here');
    this.keep();
  }

  /** Shows a place that was left, or that a link names. */
  private async show(start: Start, link: boolean): Promise<void> {
    const turn = ++this.turn;
    const { workspace, run } = start.place;
    this.showing = true;
    dialogs.close();
    if (workspace !== null && workspace !== app.workspace) {
      if (app.workspaces.some(({ name }) => name === workspace)) await app.open(workspace);
      else notes.say(`There is no workspace “${workspace}” here: this is what “${app.workspace}” has`);
      await tick();
    }
    if (turn !== this.turn) return;
    this.showQuestion(start);
    if (run === null) selection.close();
    else if (run !== selection.id) {
      selection.open(run, null);
      void question.placeOpenRun();
    }
    this.revealed = link ? run : null;
    await tick(); // another question chooses none
    if (turn !== this.turn) return;
    chosen.resume(start.chosen);
    this.showing = false;
    this.last = this.now();
    this.joined = false;
    this.keepLater();
  }

  private showQuestion({ place, row }: Start): void {
    const { view, query, group, preset } = place;
    presets.resume(preset, place.columns, place.frozen);
    groupedList.resume(group);
    if (JSON.stringify(query) !== JSON.stringify(question.query)) question.load(query, row);
    views.show(view);
  }

  private note(place: Place): void {
    if (this.showing) return;
    const before = this.last;
    this.last = place;
    if (before === null) return this.keep();
    const { kind, joined } = stepOf(before, place, selection.stepped, this.joined);
    this.joined = joined;
    if (kind === 'none') return;
    // what the window does by itself, such as choosing the default preset, is nothing to go back from
    if (kind === 'same' || !navigator.userActivation.hasBeenActive) return this.keepLater();
    // the list on screen is still that of the entry that is left
    this.write('replaceState', this.state(before));
    const sameList = JSON.stringify(before.query) === JSON.stringify(place.query);
    this.write('pushState', { ...this.state(place), chosen: [], ...(!sameList && { row: 0 }) });
    this.keepLater();
  }

  private state(place: Place): EntryState {
    return {
      place: writePlace(place),
      row: question.rows.first,
      chosen: this.chosen,
      began: app.hello?.begin_with ?? null,
    };
  }

  private keepLater(): void {
    if (this.last === null) return;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.keep(), SETTLE_MS);
  }

  private keep(): void {
    if (this.last && !this.showing) this.write('replaceState', this.state(this.last));
  }

  private write(how: 'pushState' | 'replaceState', state: EntryState): void {
    clearTimeout(this.settling);
    const { place } = state;
    history[how](state, '', `#${place.length > LONGEST ? '/runs?' : place}`);
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save(), SAVE_MS);
  }

  /** A window that cannot tell main begins with what it told last: no message. */
  private save(): void {
    clearTimeout(this.saving);
    const entry = history.state as EntryState | null;
    if (!entry || app.readOnly || app.link !== 'up') return;
    const left_at = { place: entry.place, row: entry.row, chosen: entry.chosen };
    const text = JSON.stringify(left_at);
    if (text === this.saved) return;
    this.saved = text;
    api['settings.update']({ left_at }).catch(() => undefined); // the next start begins at the place that was kept before
  }
}

export const wayBack = new WayBack();
