/**
 * The question on screen and its answer. One call brings count, first rows, facets and histogram; a newer question cancels
 * the one before it. The answer shown stays until the next one is there, so nothing flickers; and it does not change
 * under the reader while sync writes: new-rows.svelte.ts counts what a new answer would add, and `refresh` takes it in.
 */
import { untrack } from 'svelte';
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import {
  defaultSort,
  TRUE,
  type Condition,
  type HistogramRequest,
  type Query,
  type SortKey,
} from '../../../src-main/contract/query.ts';
import type { Answer } from '../../../src-main/contract/calls.ts';
import { nextTask } from '../../scheduling.ts';
import { api, app } from '../window/app.svelte.ts';
import { readRange, writeRange, writeText } from '../filters/conditions.ts';
import { learnNames } from '../filters/names.svelte.ts';
import { mainTimes, type MainTime } from '../filters/quick-spans.ts';
import { selection } from '../window/selection.svelte.ts';
import { views } from '../window/views.svelte.ts';
import { Facets } from './facets.svelte.ts';
import type { Pages } from './pages.ts';
import { placeOpenRun } from './place.ts';
import { ResultRows } from './result-rows.svelte.ts';
import { shownProblem } from '../window/shown-problem.ts';

/** Pause in typing after which the question is asked, ms. Clicks are asked at once. */
const TYPING_MS = 90;
/** Time after which a question without an answer shows a progress bar, ms. */
const SLOW_MS = 150;
const FIRST_ROWS = 200;
const BUCKETS = 120;

class Question {
  where = $state.raw<Condition>(TRUE);
  sort = $state.raw<SortKey[]>(defaultSort);
  answer = $state.raw<Answer | null>(null);
  problem = $state.raw<AppError | null>(null);
  slow = $state(false);
  /** another object when another question was asked: the grid goes to its first row, or to `row`. A refresh leaves the grid where it is. */
  top = $state.raw({ row: 0 });
  /** another object with every refresh: rows that came in above those on screen, which the grid moves on by. Below 0: that went */
  moved = $state.raw({ by: 0 });
  readonly facets = new Facets(() => void this.askLate());
  readonly rows = new ResultRows((thrown) => this.rowsFailed(thrown));

  /** the time field of the panel's time section and the histogram, while no range names one */
  timeWish = $state<MainTime>(mainTimes[0].field);
  time = $derived<MainTime>(mainTimes.find(({ field }) => readRange(this.where, field))?.field ?? this.timeWish);

  private workspace: string | null = null;
  private asking = $state.raw<AbortController | null>(null);
  private typing: ReturnType<typeof setTimeout> | undefined;
  /** the row at which the next answer is shown */
  private startRow = 0;

  get query(): Query {
    return { where: this.where, sort: this.sort };
  }

  /** A newer question than that of the answer on screen is asked. */
  get busy(): boolean {
    return this.asking !== null;
  }

  get count(): number {
    return this.answer?.count ?? 0;
  }

  /** Registers the effects; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      if (!app.ready) return;
      const { workspace } = app.ready;
      untrack(() => this.open(workspace));
      return () => this.asking?.abort();
    });
    // rows of one workspace must not stand under the name of another whose archive takes long to open
    $effect(() => {
      if (!app.opening || this.workspace === null || app.workspace === this.workspace) return;
      const timer = setTimeout(() => this.forget(), SLOW_MS);
      return () => clearTimeout(timer);
    });
    // chips of a loaded preset hold ids whose names the window has never met
    $effect(() => {
      if (app.workspace && !app.opening) void learnNames(app.workspace, this.where);
    });
  }

  /** Another workspace: forgets the answer, keeps the question. */
  private open(workspace: string): void {
    if (this.workspace !== workspace) this.forget();
    this.workspace = workspace;
    void this.ask(true);
  }

  private forget(): void {
    this.asking?.abort();
    this.workspace = null;
    this.answer = null;
    this.problem = null;
    this.facets.forget();
    this.rows.forget();
    selection.close();
  }

  /** What a person asks for is seen in the list, from whatever view. */
  set(where: Condition): void {
    views.showList();
    this.where = where;
    this.now();
  }

  /** The chart and the panel's main section are about another time from now on; the range moves over to it. */
  chooseTime(field: MainTime): void {
    if (field === this.time) return;
    const range = readRange(this.where, this.time);
    const where = writeRange(writeRange(this.where, this.time, null), field, range);
    this.timeWish = field;
    this.set(where);
  }

  setSort(sort: SortKey[]): void {
    this.sort = sort;
    this.now();
  }

  /** `row`: where the list begins on screen. */
  load(query: Query, row = 0): void {
    this.where = query.where;
    this.sort = query.sort;
    this.now();
    this.startRow = row;
  }

  /** From the text field: asked when the typing rests. */
  type(text: string): void {
    views.showList();
    this.where = writeText(this.where, text);
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.now(), TYPING_MS);
  }

  refresh(): void {
    void this.ask(false);
  }

  private now(): void {
    clearTimeout(this.typing);
    this.startRow = 0;
    void this.ask(true);
  }

  async placeOpenRun(): Promise<void> {
    const { workspace, answer } = this;
    if (workspace && answer) await placeOpenRun(workspace, answer, () => this.answer === answer);
  }

  private histogramRequest(): HistogramRequest {
    const range = readRange(this.where, this.time);
    return {
      field: this.time,
      buckets: BUCKETS,
      ...(range?.from === undefined ? {} : { from: range.from, to: range.to ?? { ago: 0 } }),
    };
  }

  private async ask(toTop: boolean): Promise<void> {
    const { workspace, where } = this;
    if (!workspace) return;
    this.asking?.abort();
    const abort = new AbortController();
    const { signal } = abort;
    this.asking = abort;
    const timer = setTimeout(() => (this.slow = true), SLOW_MS);
    const { own, apart } = this.facets.requests();
    const [query, histogram] = [this.query, this.histogramRequest()];
    try {
      const [answer, more] = await Promise.all([
        api['query.ask']({ workspace, query, rows: { from: 0, to: FIRST_ROWS }, facets: own, histogram }, { signal }),
        this.facets.ask({ workspace, where }, apart.flat(), signal),
      ]);
      // an answer is read and checked in one task and drawn in the next: 6 ms and 20, the first time
      await nextTask();
      if (signal.aborted) return;
      const isNew = this.count === 0;
      const pages = this.rows.prepare(workspace, answer);
      const by = toTop ? 0 : await this.rows.moved(workspace, answer, pages, signal);
      if (signal.aborted) return;
      this.take(answer, pages);
      if (toTop) this.top = { row: this.startRow };
      else this.moved = { by };
      this.startRow = 0;
      await this.facets.keepGradually([...answer.facets, ...more], isNew, signal);
    } catch (thrown) {
      this.failed(thrown);
    } finally {
      clearTimeout(timer);
      if (this.asking === abort) {
        this.asking = null;
        this.slow = false;
      }
    }
  }

  private take(answer: Answer, pages: Pages): void {
    this.rows.take(pages);
    this.answer = answer;
    this.problem = null;
    void this.placeOpenRun();
  }

  /** Asks for facets of sections that opened since the last question. */
  private async askLate(): Promise<void> {
    const requests = this.facets.takeLate();
    // a question under way did not carry these; one that starts later will
    if (!this.workspace || (this.answer === null && this.asking === null)) return;
    const { workspace, where } = this;
    try {
      const facets = await this.facets.ask({ workspace, where }, requests);
      if (this.workspace === workspace && this.where === where) this.facets.keep(facets);
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  /** The core keeps the last 8 results. When others have replaced this window's, the question is asked again. */
  private rowsFailed(thrown: unknown): void {
    if (toAppError(thrown).code === 'NOT_FOUND') this.refresh();
    else this.failed(thrown);
  }

  private failed(thrown: unknown): void {
    const problem = shownProblem(thrown);
    if (problem) this.problem = problem;
  }
}

export const question = new Question();
