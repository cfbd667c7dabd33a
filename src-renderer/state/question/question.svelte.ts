/**
 * The question on screen and its answer. One call brings count, first rows, facets and histogram; a newer question cancels
 * the one before it. The answer shown stays until the next one is there, so nothing flickers; and it does not change
 * under the reader while sync writes: state/fresh.svelte.ts counts what a new answer would add, and `refresh` takes it in.
 */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import {
  TRUE,
  type Condition,
  type Facet,
  type FacetRequest,
  type HistogramRequest,
  type Query,
  type SortKey,
} from '../../../src-main/contract/query.ts';
import type { Answer } from '../../../src-main/contract/calls.ts';
import type { TaskRunRow } from '../../../src-main/contract/rows.ts';
import { api } from '../window/app.svelte.ts';
import { readRange, writeText } from '../filters/conditions.ts';
import { portionsOf } from './facet-portions.ts';
import { afterList, turn } from './frame.ts';
import { rememberNames } from '../filters/names.svelte.ts';
import { Pages } from './pages.ts';
import { mainTimes, type MainTime } from '../filters/quick-spans.ts';
import { selection } from '../window/selection.svelte.ts';
import { defaultSort } from './sorts.ts';

/** Typing settles for this long before it is asked, in ms. Clicks are asked at once. */
const TYPING_MS = 90;
/** A question that takes longer than this shows that it is being worked on, in ms. */
const SLOW_MS = 150;
const FIRST_ROWS = 200;
const BUCKETS = 120;

class Question {
  where = $state.raw<Condition>(TRUE);
  sort = $state.raw<SortKey[]>(defaultSort);
  answer = $state.raw<Answer | null>(null);
  facets = $state.raw<ReadonlyMap<string, Facet>>(new Map());
  problem = $state.raw<AppError | null>(null);
  slow = $state(false);
  /** grows when rows of the present result arrive */
  rowsSeen = $state(0);
  /** grows when the grid should go back to its top: another question, not the same one taken anew */
  top = $state(0);

  /** which time the panel's main section and the histogram are about while no range says so */
  timeWish = $state<MainTime>('start_time');
  time = $derived<MainTime>(mainTimes.find(({ field }) => readRange(this.where, field))?.field ?? this.timeWish);

  private workspace: string | null = null;
  private pages: Pages | null = null;
  /** rows the grid asked for last */
  private shown: [from: number, to: number] = [0, 0];
  private asking: AbortController | null = null;
  private typing: ReturnType<typeof setTimeout> | undefined;
  private readonly wanted = new Map<string, FacetRequest>();
  private readonly late = new Set<string>();

  get query(): Query {
    return { where: this.where, sort: this.sort };
  }

  get busy(): boolean {
    return this.asking !== null;
  }

  get count(): number {
    return this.answer?.count ?? 0;
  }

  row(index: number): TaskRunRow | null {
    void this.rowsSeen;
    void this.answer;
    return this.pages?.at(index) ?? null;
  }

  need(from: number, to: number): void {
    this.shown = [from, to];
    this.pages?.need(from, to);
  }

  async rowLater(index: number): Promise<TaskRunRow | null> {
    return (await this.pages?.later(index)) ?? null;
  }

  /** The rows on screen as they are now. A result the core no longer keeps stays as it was read: a new one would move the list. */
  async renew(): Promise<void> {
    try {
      await this.pages?.renew(...this.shown);
    } catch (thrown) {
      if (toAppError(thrown).code !== 'NOT_FOUND') throw thrown;
    }
  }

  /** Another workspace: forgets the answer, keeps the question. */
  open(workspace: string): void {
    if (this.workspace !== workspace) {
      this.answer = null;
      this.facets = new Map();
      this.pages?.close();
      this.pages = null;
      selection.close();
    }
    this.workspace = workspace;
    void this.ask(true);
  }

  stop(): void {
    this.asking?.abort();
  }

  set(where: Condition): void {
    this.where = where;
    this.now();
  }

  setSort(sort: SortKey[]): void {
    this.sort = sort;
    this.now();
  }

  load(query: Query): void {
    this.where = query.where;
    this.sort = query.sort;
    this.now();
  }

  /** From the text field: asked when the typing rests. */
  type(text: string): void {
    this.where = writeText(this.where, text);
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.now(), TYPING_MS);
  }

  refresh(): void {
    void this.ask(false);
  }

  private now(): void {
    clearTimeout(this.typing);
    void this.ask(true);
  }

  /** A section of the panel that is open wants this facet from now on. */
  want(request: FacetRequest): void {
    const before = this.wanted.get(request.field);
    if (JSON.stringify(before) === JSON.stringify(request)) return;
    this.wanted.set(request.field, request);
    if (!this.workspace) return;
    if (this.late.size === 0) queueMicrotask(() => void this.askLate());
    this.late.add(request.field);
  }

  unwant(field: string): void {
    this.wanted.delete(field);
    this.late.delete(field);
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
    const workspace = this.workspace;
    if (!workspace) return;
    this.asking?.abort();
    const abort = new AbortController();
    this.asking = abort;
    const timer = setTimeout(() => (this.slow = true), SLOW_MS);
    const [own = [], ...apart] = portionsOf([...this.wanted.values()]);
    this.late.clear();
    try {
      const main = api['query.ask'](
        {
          workspace,
          query: this.query,
          rows: { from: 0, to: FIRST_ROWS },
          facets: own,
          histogram: this.histogramRequest(),
        },
        { signal: abort.signal },
      );
      const [answer, ...facets] = await Promise.all([
        main,
        ...apart.map((portion) => this.askFacets(workspace, portion, abort.signal)),
      ]);
      await turn();
      if (abort.signal.aborted) return;
      const isNew = this.count === 0;
      this.take(workspace, answer);
      if (toTop) this.top += 1;
      for await (const portion of afterList([...answer.facets, ...facets.flat()], isNew)) {
        if (abort.signal.aborted) return;
        this.keepFacets(portion);
      }
    } catch (thrown) {
      const problem = toAppError(thrown);
      // DISCONNECTED: the line's own banner says it, and the question is asked again when it is back
      if (problem.code !== 'CANCELLED' && problem.code !== 'DISCONNECTED') this.problem = problem;
    } finally {
      clearTimeout(timer);
      if (this.asking === abort) {
        this.asking = null;
        this.slow = false;
      }
    }
  }

  private take(workspace: string, answer: Answer): void {
    this.pages?.close();
    this.pages = new Pages(
      answer.count,
      answer.rows,
      (from, to, signal) => api['query.rows']({ workspace, result: answer.result, rows: { from, to } }, { signal }),
      () => (this.rowsSeen += 1),
      (thrown) => this.rowsFailed(thrown),
    );
    this.answer = answer;
    this.problem = null;
    void this.place(workspace, answer);
  }

  /** The core keeps the last 8 results; a window left alone while others ask asks again. */
  private rowsFailed(thrown: unknown): void {
    const problem = toAppError(thrown);
    if (problem.code === 'NOT_FOUND') this.refresh();
    else if (problem.code !== 'DISCONNECTED' && problem.code !== 'CANCELLED') this.problem = problem;
  }

  /** The open run keeps its place mark: where it is in the new result, or nowhere. */
  private async place(workspace: string, answer: Answer): Promise<void> {
    const id = selection.id;
    if (id === null) return;
    const near = answer.rows.findIndex((row) => row.id === id);
    if (near >= 0) {
      selection.index = near;
      return;
    }
    try {
      const { position } = await api['query.position']({ workspace, result: answer.result, id });
      if (selection.id === id && this.answer === answer) selection.index = position;
    } catch {
      if (selection.id === id) selection.index = null; // a mark that cannot be placed is not worth a message
    }
  }

  /** Marks the open run in the list and scrolls to it; when it is not in the list nothing moves. */
  async locate(id: string): Promise<void> {
    const { workspace, answer } = this;
    if (!workspace || !answer) return;
    await this.place(workspace, answer);
    if (selection.id === id && selection.index !== null) selection.reveal += 1;
  }

  private keepFacets(list: readonly Facet[]): void {
    list.forEach(rememberNames);
    this.facets = new Map([...this.facets, ...list.map((facet) => [facet.field, facet] as const)]);
  }

  private async askLate(): Promise<void> {
    const requests = [...this.late].flatMap((field) => this.wanted.get(field) ?? []);
    this.late.clear();
    // a question under way did not carry these; one that starts later will
    if (!this.workspace || (this.answer === null && this.asking === null)) return;
    const { workspace, where } = this;
    try {
      const facets = await Promise.all(portionsOf(requests).map((portion) => this.askFacets(workspace, portion)));
      if (this.workspace === workspace && this.where === where) this.keepFacets(facets.flat());
    } catch (thrown) {
      const problem = toAppError(thrown);
      if (problem.code !== 'CANCELLED' && problem.code !== 'DISCONNECTED') this.problem = problem;
    }
  }

  private async askFacets(workspace: string, requests: FacetRequest[], signal?: AbortSignal): Promise<Facet[]> {
    if (requests.length === 0) return [];
    const { facets } = await api['query.ask'](
      {
        workspace,
        query: { where: this.where, sort: [] },
        rows: { from: 0, to: 0 },
        facets: requests,
        histogram: null,
      },
      signal ? { signal } : {},
    );
    return facets;
  }
}

export const question = new Question();
