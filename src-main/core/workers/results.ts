/**
 * The calls of the query thread. A result is the row numbers of one question in order. The last few results are kept, so that a page or
 * a jump is a slice of one, and so that rows on screen do not move while sync writes.
 */
import { performance } from 'node:perf_hooks';
import type { SentAnswer } from '../../contract/calls.ts';
import { AppError, toAppError, toWireError } from '../../contract/errors.ts';
import { searchesNothing } from '../../contract/found-in.ts';
import type { ExportItem } from '../../contract/export.ts';
import { searches, TRUE, withoutSearch, type Condition, type Query } from '../../contract/query.ts';
import { LINES_AT_ONCE } from '../../contract/run.ts';
import type { RowColumns } from '../../contract/row-columns.ts';
import type { Handlers } from '../../contract/define.ts';
import { withTransfer } from '../../rpc/transfer.ts';
import * as rowSet from '../../query/columns/row-set.ts';
import type { Engine, Outcome } from '../../query/engine.ts';
import { checkForeign } from '../../store/file/foreign.ts';
import { caseNotes, NotesFile, notesPath } from '../../store/notes/notes-file.ts';
import { openReader, type Reader } from '../../store/read/reader.ts';
import type { About } from '../../contract/note.ts';
import type { Change } from '../../store/columns.ts';
import { Latest } from '../archive/latest.ts';
import { answerApi } from '../../local-api/answer.ts';
import type { queryContract } from './contracts.ts';
import { caseContents, notesOf, writeCaseArchive } from './case-archive.ts';
import { ChangeIntake } from './change-intake.ts';
import { coverage } from './coverage.ts';
import { exportRows, fieldsOf } from './export/export.ts';
import { takeSnapshot, type Snapshot } from './export/snapshot.ts';
import { readFlowRun, readFlowRunLogs } from './flow-run.ts';
import { foundInRuns } from './found-in-runs.ts';
import { IndexKeeper, openIndex } from './index-keeper.ts';
import { jsonPaths, moreValues } from './more-columns.ts';
import { MatchFinder, type NewMatches, type WatchedCondition } from './new-matches.ts';
import { runDetail } from './run-detail.ts';
import { taskOverTime } from './task-over-time.ts';
import { inTurns } from './turn.ts';
import { serverVersion, STATE_KEY } from '../../sync/state.ts';

const KEPT_RESULTS = 8;
const MAX_ROWS = 1000;
const MAX_GROUPS = 200;
/** ms between two changes told to the window: nobody reads faster. */
const WATCH_PAUSE = 250;
const MAX_CHANGED_IDS = 1000;
/** ms between two looks at a file that another process writes. */
const FILE_POLL = 3000;
/** Of work that is not given up half done. */
const NEVER = new AbortController().signal;

type Opened = { engine: Engine; reader: Reader; notes: NotesFile; path: string };
type News = { version: number; total: number; changed: string[] };

export class QueryResults {
  #opened: Opened | null = null;
  #results = new Map<string, Outcome>();
  #nextResult = 1;
  #news = new Latest<News>({ version: 0, total: 0, changed: [] });
  /** Calls that wait for the next commit. */
  readonly #waiting: (() => void)[] = [];
  /** Exports that are being written: `stop` resolves once the file is whole or gone. */
  readonly #exports = new Set<{ stop(): Promise<void> }>();
  readonly #intake = new ChangeIntake((change) => this.#take(change));
  #poll: NodeJS.Timeout | null = null;
  #keeper: IndexKeeper | null = null;
  #finder: MatchFinder | null = null;
  /** The last change of notes that was begun. */
  #noting: Promise<void> = Promise.resolve();

  readonly handlers: Handlers<typeof queryContract> = {
    open: async ({ path, dialect, watchFile, foreign }) => {
      if (foreign) checkForeign(path);
      const reader = openReader(path);
      const { engine, saved } = await openIndex(reader, dialect, `${path}.index`);
      const { notes, notice } = openNotes(path, watchFile, foreign);
      engine.setNotes(notes);
      this.#opened = { engine, reader, notes, path };
      this.#finder = new MatchFinder(engine);
      this.#tell([]);
      if (watchFile) this.#watchFile(this.#opened);
      else this.#keeper = new IndexKeeper(engine, reader, `${path}.index`, saved);
      return { version: engine.version, total: engine.total('task_run'), notice: notice && toWireError(notice) };
    },
    setDialect: ({ dialect }) => {
      this.#open.engine.setDialect(dialect);
      this.#results.clear();
      return {};
    },
    reached: async ({ batch }) => {
      this.#intake.now();
      while (this.#opened && this.#opened.engine.version < batch)
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return {};
    },
    ask: (input) => this.#ask(input),
    rows: ({ result, rows }) => this.#rows(this.#result(result), rows.from, rows.to),
    position: ({ result, id }) => {
      const rid = this.#open.engine.ridOf('task_run', id);
      return { position: rid === null ? null : this.#result(result).position(rid) };
    },
    news: ({ result, query }) => this.#open.engine.news(this.#result(result), query.where, Date.now() * 1000),
    marks: async ({ search, ids }, { signal }) => {
      const { engine, reader } = this.#open;
      const found = searchesNothing(search) ? [] : await foundInRuns(engine, reader, { search, ids }, signal);
      return engine.overP95(ids).map((over_p95, i) => ({ found: found[i] ?? null, over_p95 }));
    },
    more: (what, { signal }) => moreValues(this.#open.engine, this.#open.reader, what, signal),
    paths: ({ result }, { signal }) => jsonPaths(this.#open.reader, this.#result(result).order, signal),
    counts: ({ queries }) => {
      const now = Date.now() * 1000;
      return queries.map((query) => this.#open.engine.count('task_run', query.where, now));
    },
    newMatches: async ({ watches, now, most }, { signal }) => {
      const found: (NewMatches | null)[] = [];
      this.#finder?.keep(new Set(watches.map(({ key }) => key)));
      for (const watch of watches) found.push(await this.#newMatches(watch, now, most, signal));
      return found;
    },
    groups: ({ where, grouping, sort, from, to }) => {
      if (to - from > MAX_GROUPS) throw new AppError('BAD_INPUT', `at most ${MAX_GROUPS} groups at once`);
      return this.#open.engine.groups(where, grouping, { sort, from, to }, Date.now() * 1000);
    },
    task: ({ key, time_zone }, { signal }) =>
      taskOverTime(this.#open.engine, key, time_zone ?? 'UTC', signal, Date.now() * 1000),
    ids: ({ query, limit }) => {
      const order = this.#order(query);
      return {
        ids: Array.from(order.subarray(0, limit), (rid) => this.#open.engine.idOf('task_run', rid)),
        count: order.length,
      };
    },
    coverage: () => coverage(this.#open.engine, this.#open.reader),
    watch: (_, { signal }) => this.#news.watch(signal, WATCH_PAUSE),
    run: ({ id }) => runDetail(this.#current.engine, this.#current.reader, id),
    activity: ({ id, from }) => {
      const { reader } = this.#open;
      const activity = reader.activity(id, from, LINES_AT_ONCE);
      return activity && { activity, end: reader.activityEnd(id) };
    },
    lines: ({ id, after }) => this.#open.reader.lines(id, after, LINES_AT_ONCE),
    flowRun: (wanted, { signal }) => readFlowRun(this.#current, wanted, signal),
    flowRunLogs: ({ id }, { signal }) => readFlowRunLogs(this.#current, id, signal),
    stats: () => ({
      version: this.#open.engine.version,
      task_runs: this.#open.engine.total('task_run'),
      prefect: this.#prefect,
      state: { 'sync.status': this.#open.reader.state('sync.status') },
    }),
    api: (request) => {
      const view = { ...this.#current, now: Date.now() * 1000, prefect: this.#prefect };
      const { status, body } = answerApi(view, request);
      const bytes = new TextEncoder().encode(body);
      return withTransfer({ status, body: bytes }, bytes);
    },
    export: (input, { signal }) => this.#export(input, signal),
    notes: ({ about }) => about.flatMap((one) => this.#open.notes.get(one) ?? []),
    changeNotes: ({ changes }) =>
      this.#oneAtATime(async () => {
        const { notes } = this.#open;
        const { show, ...made } = await inTurns(notes.change(changes, Date.now() * 1000), NEVER);
        await this.#showNotes(changes, show);
        return made;
      }),
    caseNotes: ({ ids }) => notesOf(this.#current.engine, this.#open.notes, ids),
    caseContents: ({ ids }) => caseContents(this.#current, ids),
    caseArchive: (what, { signal }) => writeCaseArchive(this.#current.engine, this.#current.reader, what, signal),
    close: async () => {
      await this.close();
      return {};
    },
  };

  /** Takes in a commit of the writer, at once when a call waits for it. */
  onChange(change: Change): void {
    if (!this.#opened) return; // the index is not loaded yet, and loading reads the file with this commit in it
    this.#intake.add(change);
    if (this.#waiting.length > 0) this.#intake.now();
  }

  /** Runs between two questions, so no answer mixes old and new rows. */
  #take(change: Change): void {
    const { engine } = this.#open;
    engine.apply(change);
    this.#keeper?.changed();
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#tellRows(change.changed.task_run ?? []);
  }

  async close(): Promise<void> {
    if (this.#poll) clearInterval(this.#poll);
    await this.#noting;
    await Promise.all([...this.#exports].map((one) => one.stop()));
    if (this.#opened) this.#intake.now();
    await this.#keeper?.close();
    this.#keeper = null;
    this.#opened?.reader.close();
    this.#opened?.notes.close();
    this.#opened = null;
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#results.clear();
  }

  get #open(): Opened {
    if (!this.#opened) throw new AppError('INTERNAL', 'the archive is not open');
    return this.#opened;
  }

  /** The version of the server that the rows are from, as the sync has kept it; null where it is not known. */
  get #prefect(): string | null {
    return serverVersion(this.#open.reader.state(STATE_KEY));
  }

  /** For answers that read the file too: all commits that have arrived are in the index. */
  get #current(): Opened {
    this.#intake.now();
    return this.#open;
  }

  #ask(input: Parameters<Handlers<typeof queryContract>['ask']>[0]): SentAnswer {
    const started = performance.now();
    const { engine } = this.#open;
    const { facets, histogram, rows } = input;
    const outcome = engine.ask({ ...input.query, now: Date.now() * 1000, facets, histogram });
    const result = String(this.#nextResult++);
    this.#results.set(result, outcome);
    // the first rows need the front of the order only; the whole order is read after the answer has been sent
    setImmediate(() => outcome.order);
    for (const old of this.#results.keys()) if (this.#results.size > KEPT_RESULTS) this.#results.delete(old);
    return {
      result,
      count: outcome.count,
      total: engine.total('task_run'),
      rows: this.#rows(outcome, rows.from, rows.to),
      facets: outcome.facets,
      histogram: outcome.histogram,
      searched: this.#searched(input.query.where),
      version: this.#version,
      millis: performance.now() - started,
    };
  }

  async #newMatches(
    watch: WatchedCondition,
    now: number,
    most: number,
    signal: AbortSignal,
  ): Promise<NewMatches | null> {
    try {
      return this.#finder ? await inTurns(this.#finder.find(watch, now, most), signal) : null;
    } catch (thrown) {
      // a preset of a newer version, with a field that is not known here
      if (toAppError(thrown).code !== 'BAD_INPUT') throw thrown;
      return null;
    }
  }

  #searched(where: Condition): SentAnswer['searched'] {
    if (!searches(where)) return null;
    const { engine, reader } = this.#open;
    const now = Date.now() * 1000;
    const base = withoutSearch(where);
    const count = (condition: Condition) => engine.count('task_run', condition, now);
    return { runs: count(base), kept: count({ and: [base, { log: '' }] }), indexing: reader.searchPlace() };
  }

  /** A thread that ends waits until the partial file is removed, and so does `close`. */
  async *#export(
    { query, result, path, overwrite, ...options }: Parameters<Handlers<typeof queryContract>['export']>[0],
    signal: AbortSignal,
  ): AsyncGenerator<ExportItem, void, undefined> {
    const closing = new AbortController();
    const ended = Promise.withResolvers<void>();
    const running = {
      stop: () => {
        closing.abort();
        return ended.promise;
      },
    };
    this.#exports.add(running);
    try {
      const either = AbortSignal.any([signal, closing.signal]);
      const shown = result === null ? null : this.#result(result);
      const order = shown ? () => this.#stillThere(shown) : () => this.#order(query);
      const snapshot = await this.#snapshot(order, fieldsOf(options), either);
      try {
        yield* exportRows(snapshot, options, { path, overwrite }, either);
      } finally {
        snapshot.release();
      }
    } finally {
      this.#exports.delete(running);
      ended.resolve();
    }
  }

  #snapshot(order: () => Uint32Array, fields: readonly string[], signal: AbortSignal): Promise<Snapshot> {
    const { engine, reader, path } = this.#open;
    return takeSnapshot({
      engine,
      open: () => openReader(path),
      update: () => {
        this.#intake.now();
        // without a writer here nobody tells of commits; under another export the index stays as it is until that one ends
        if (this.#poll && this.#exports.size === 1 && reader.batch() !== engine.version) engine.load(reader.batch());
      },
      order,
      fields,
      signal,
    });
  }

  #order(query: Query): Uint32Array {
    return this.#open.engine.ask({ ...query, now: Date.now() * 1000 }).order;
  }

  /** The rows of a result but those that retention has removed since. Rows that no longer answer its question stay, as they do on screen. */
  #stillThere({ order }: Outcome): Uint32Array {
    const listed = this.#open.engine.mask('task_run', TRUE, Date.now() * 1000);
    return order.filter((rid) => rowSet.has(listed, rid));
  }

  #result(name: string): Outcome {
    const outcome = this.#results.get(name);
    if (!outcome) throw new AppError('NOT_FOUND', 'the list on screen is no longer kept', { result: name });
    this.#results.delete(name); // and added again: the most recently used is last
    this.#results.set(name, outcome);
    return outcome;
  }

  #rows(outcome: Outcome, from: number, to: number): RowColumns {
    if (to - from > MAX_ROWS) throw new AppError('BAD_INPUT', `at most ${MAX_ROWS} rows at once`);
    return this.#open.engine.taskRunColumns(outcome.slice(from, to));
  }

  #tellRows(rids: readonly number[]): void {
    const { engine } = this.#open;
    this.#tell(rids.slice(0, MAX_CHANGED_IDS).map((rid) => engine.idOf('task_run', rid)));
  }

  #tell(changed: string[]): void {
    this.#news.set({ version: this.#version, total: this.#open.engine.total('task_run'), changed });
  }

  /** A change of notes begins from the notes that the one before has left. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#noting.then(work);
    this.#noting = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** `show` puts notes about these into memory: index, lists and windows follow. */
  async #showNotes(about: readonly About[], show: () => void): Promise<void> {
    this.#tellRows(await inTurns(this.#open.engine.notesChange(about, show), NEVER));
  }

  /** Grows with every commit and with every change of notes. */
  get #version(): number {
    const { engine } = this.#open;
    return engine.version + engine.noteChanges;
  }

  /** In a window that only reads, the writer is another process and sends nothing: the file's own counter tells of commits. */
  #watchFile({ reader, notes }: Opened): void {
    let seen = reader.dataVersion();
    this.#poll = setInterval(() => {
      if (notes.isOld()) {
        const { about, show } = notes.renew();
        void this.#oneAtATime(() => this.#showNotes(about, show));
      }
      const version = reader.dataVersion();
      // an export reads the index as it is
      if (version === seen || this.#exports.size > 0) return;
      seen = version;
      this.#open.engine.load(reader.batch());
      this.#tell([]);
    }, FILE_POLL);
  }
}

/** Of a case file they are only read, and came with it. */
function openNotes(path: string, readOnly: boolean, foreign: boolean): { notes: NotesFile; notice: AppError | null } {
  if (foreign)
    return { notes: caseNotes(path, new AppError('CASE_READ_ONLY', 'a case file is only read')), notice: null };
  const why = readOnly ? new AppError('FOLDER_IN_USE', 'this window only reads the archive') : null;
  return NotesFile.open(notesPath(path), why);
}
