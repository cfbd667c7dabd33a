/** Every call and stream between the window (or another client) and the core. The one list: `Handlers` and `Client` derive from it. */
import { z } from 'zod';
import { caseAboutSchema, caseContentsSchema, MOST_CASE_RUNS } from './case-file.ts';
import { call, stream } from './define.ts';
import { flowRunItemSchema, flowRunLogsSchema } from './flow-run.ts';
import { wireErrorSchema } from './errors.ts';
import { exportItemSchema, exportOptionsSchema } from './export.ts';
import { foundSchema, searchSchema } from './found-in.ts';
import {
  conditionSchema,
  facetRequestSchema,
  facetSchema,
  groupSortSchema,
  groupingSchema,
  groupsSchema,
  histogramRequestSchema,
  histogramSchema,
  querySchema,
} from './query.ts';
import { rowListSchema } from './row-columns.ts';
import { activityOwnerSchema, logLineSchema, runActivitySchema, taskRunDetailSchema } from './run.ts';
import {
  candidateSchema,
  cloudWorkspaceSchema,
  connectionEditSchema,
  keptArchiveSchema,
  workspaceInputSchema,
  workspaceSchema,
} from './workspace.ts';
import { aboutSchema, MOST_NOTES, noteChangeSchema, noteSchema } from './note.ts';
import { presetSchema, savedPresetSchema } from './preset.ts';
import { taskSchema } from './task.ts';
import { watchNewsSchema } from './watch.ts';
import { settingsChangeSchema, settingsSchema, syncEverySchema } from './settings.ts';
import {
  checkSchema,
  coverageSchema,
  fetchRuleSchema,
  retentionSchema,
  removalSchema,
  syncStatusSchema,
} from './sync.ts';

/** Most runs whose logs one call fetches: some 7,000 requests. */
export const MOST_FETCHED = 5_000;

/** Runs whose further columns one call reads. */
export const MOST_MORE = 100;
/** Paths that one answer of `query.paths` names. */
export const MOST_PATHS = 2_000;

/** Runs whose marks one call asks for: more are not on screen at once. */
export const MOST_MARKS = 100;

/** `found`: where the search has found its words; null: nothing was searched for, or the run is not in the archive. `over_p95`: null where that is not known. */
const rowMarksSchema = z.object({ found: foundSchema.nullable(), over_p95: z.boolean().nullable() });
export type RowMarks = z.infer<typeof rowMarksSchema>;

const none = z.object({}).default({});
const workspace = z.string();
/** one not yet added: typed, or found on this machine */
const server = z.object({ input: workspaceInputSchema.nullable(), candidate: z.string().nullable() });
const archive = z.string().nullable().default(null);
const caseIds = z.array(z.string()).min(1).max(MOST_CASE_RUNS);
const span = z.object({ from: z.number().int().min(0), to: z.number().int().min(0) });

/** `kept` of `runs`: those of the question without its search whose logs are kept. `indexing`: rows of all whose texts can be found so far; null: all. */
const searchedSchema = z.object({
  kept: z.number(),
  runs: z.number(),
  indexing: z.object({ done: z.number(), of: z.number() }).nullable(),
});
export type Searched = z.infer<typeof searchedSchema>;

const answerSchema = z.object({
  /** names this result for `rows`, `position` and `export`; the last 8 are kept, an older one answers NOT_FOUND */
  result: z.string(),
  count: z.number(),
  /** all task runs in the archive */
  total: z.number(),
  rows: rowListSchema,
  facets: z.array(facetSchema),
  histogram: histogramSchema.nullable(),
  /** what a question that searches texts has searched; null for others */
  searched: searchedSchema.nullable(),
  /** grows with every batch the index takes in, and with every change of notes */
  version: z.number(),
  /** time inside the engine */
  millis: z.number(),
});
export type Answer = z.infer<typeof answerSchema>;
/** As it is sent: rows are columns. */
export type SentAnswer = z.input<typeof answerSchema>;

const moreValueSchema = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).nullable();
export type MoreValue = z.infer<typeof moreValueSchema>;

const [progressSchema, doneSchema] = exportItemSchema.options;
const exportProgressSchema = z.discriminatedUnion('kind', [
  progressSchema,
  doneSchema.extend({
    path: z.string(),
    /** browser shell: a one-use address the page opens to receive the file */
    download: z.string().nullable(),
  }),
]);

export const contract = {
  hello: call(
    none,
    z.object({
      version: z.string(),
      /** the core's CONTRACT_HASH; a window with another one is of another build, as after an update, and is to be reloaded */
      contract: z.string(),
      /** what this shell can do: the window asks capabilities, never which shell it is in */
      capabilities: z.object({
        save_dialog: z.boolean(),
        reveal_file: z.boolean(),
        /** opens a file with the program the system has for it */
        open_file: z.boolean(),
        /** what a copied link begins with: `taskscope://`, which this shell has the system open here, or the page's own address */
        links: z.enum(['taskscope', 'page']),
        /** who shows the notices of watched presets: the shell by itself, or the window */
        notices: z.enum(['shell', 'page']),
        /** where a typed secret is kept: the system's keychain, a file only its owner may read, or memory until the end */
        secrets: z.enum(['keychain', 'file', 'session']),
      }),
      data_dir: z.string(),
      /** another Taskscope holds the folder, or it cannot be written: reading works, changing does not */
      read_only: wireErrorSchema.nullable(),
      /** what happened while the data folder was opened, such as a file that was set aside; nothing stops working by it */
      notices: z.array(wireErrorSchema),
      workspaces: z.array(workspaceSchema),
      /** the workspace to begin with, such as a case file that was opened from outside; null: as the settings say */
      begin_with: z.string().nullable(),
      settings: settingsSchema,
    }),
  ),

  /** what a report of a fault needs, to be pasted: versions, paths, workspaces, state of sync, the log's last lines; no secret is in it */
  diagnostics: call(none, z.object({ text: z.string() })),

  'workspace.list': call(none, z.array(workspaceSchema)),
  /** servers and profiles found on this machine; nothing is contacted, nothing is copied */
  'workspace.candidates': call(none, z.array(candidateSchema)),
  /** asks the server who it is; adds nothing. `api_url`: the API's exact address, which is the one to keep */
  'workspace.test': call(
    server,
    z.object({ api_url: z.string(), version: z.string().nullable(), task_runs: z.number() }),
  ),
  /**
   * archives of removed workspaces whose runs this server knows: a new workspace can go on with one. The server is asked only when there
   * are archives that no workspace has
   */
  'workspace.kept': call(server, z.array(keptArchiveSchema)),
  /** `archive`: one of `workspace.kept`, ANOTHER_SERVER when the server knows nothing of it; null: a new one, never an existing file */
  'workspace.add': call(workspaceInputSchema.extend({ archive }), workspaceSchema),
  'workspace.addCandidate': call(z.object({ id: z.string(), name: z.string(), archive }), workspaceSchema),
  /** the Cloud workspaces an API key may see; `api_url` is Cloud's own when left out. Nothing is added */
  'workspace.cloud': call(
    z.object({ auth: workspaceInputSchema.shape.auth, api_url: z.string().nullable().default(null) }),
    z.array(cloudWorkspaceSchema),
  ),
  /**
   * asks the server a changed connection leads to who it is; changes nothing. `server`: whether it is the one whose runs are
   * kept here, by what it should still know; unknown: nothing is kept yet
   */
  'workspace.testEdit': call(
    z.object({ workspace, edit: connectionEditSchema }),
    z.object({
      api_url: z.string(),
      version: z.string().nullable(),
      task_runs: z.number(),
      server: z.enum(['same', 'another', 'unknown']),
    }),
  ),
  /**
   * the connection is another one from now on; the sync starts anew with it, the archive stays. At another address the server is
   * asked first whether it is the same: ANOTHER_SERVER, or its own error when it does not answer. `anyway`: it is not asked,
   * and everything is read and compared from the beginning
   */
  'workspace.edit': call(
    z.object({ workspace, edit: connectionEditSchema, anyway: z.boolean().default(false) }),
    workspaceSchema,
  ),
  'workspace.setPace': call(
    z.object({ workspace, sync_every: syncEverySchema.int(), metered: z.boolean() }),
    workspaceSchema,
  ),
  'workspace.setRule': call(z.object({ workspace, rule: fetchRuleSchema }), workspaceSchema),
  'workspace.setPaused': call(z.object({ workspace, paused: z.boolean() }), workspaceSchema),
  /** what this retention would delete now; nothing is deleted */
  'workspace.previewRetention': call(z.object({ workspace, retention: retentionSchema }), removalSchema),
  /** the retention from now on: runs that it does not keep are deleted at once, and after each sync. Returns what was deleted */
  'workspace.setRetention': call(
    z.object({ workspace, retention: retentionSchema }),
    z.object({ workspace: workspaceSchema, deleted: removalSchema }),
  ),
  'workspace.setDialect': call(z.object({ workspace, dialect: z.enum(['sqlite', 'postgres']) }), workspaceSchema),
  /** files that removing the workspace with its archive deletes: the archive, its index, copies, and what was set aside when it was damaged */
  'workspace.files': call(z.object({ workspace }), z.array(z.object({ path: z.string(), bytes: z.number() }))),
  /** removes the entry; with `archive` also the files of `workspace.files`, which cannot be undone */
  'workspace.remove': call(z.object({ workspace, archive: z.boolean() }), none),
  /** opens the archive if it is not yet open; a damaged or newer one is an error with what to do */
  'workspace.open': call(
    z.object({ workspace }),
    z.object({ workspace: workspaceSchema, version: z.number(), notice: wireErrorSchema.nullable() }),
  ),
  /** while a damaged archive is opened: how far it has been saved; null: it is not being saved. `of`: about how many rows there are */
  'workspace.salvage': stream(
    z.object({ workspace }),
    z.object({ rows: z.number(), of: z.number().nullable() }).nullable(),
  ),
  /** stops saving: the damaged file is as it was, and the workspace stays closed until `workspace.open` */
  'workspace.stopSalvage': call(z.object({ workspace }), none),

  /** one question, everything a click shows: count, order, the first rows, facets, histogram */
  'query.ask': call(
    z.object({
      workspace,
      query: querySchema,
      rows: span,
      facets: z.array(facetRequestSchema).max(16),
      histogram: histogramRequestSchema.nullable(),
    }),
    answerSchema,
  ),
  /** rows [from, to) of a result; at most 1,000 */
  'query.rows': call(z.object({ workspace, result: z.string(), rows: span }), rowListSchema),
  /** place of a run in a result, null when it is not in it */
  'query.position': call(
    z.object({ workspace, result: z.string(), id: z.string() }),
    z.object({ position: z.number().nullable() }),
  ),
  /**
   * what a result's question would answer now: runs that it would add, how many of these failed or crashed, and runs that it would no
   * longer have
   */
  'query.news': call(
    z.object({ workspace, result: z.string(), query: querySchema }),
    z.object({ added: z.number(), failed: z.number(), removed: z.number() }),
  ),
  /** what a list shows of the runs on screen besides their values, in the order of `ids`. Not with each page of a list: texts are read, and runs of a task compared */
  'query.marks': call(
    z.object({ workspace, search: searchSchema, ids: z.array(z.string()).max(MOST_MARKS) }),
    z.array(rowMarksSchema),
  ),
  /**
   * columns that the rows of a list do not hold, of these runs, a list for each; null: the run is not in the archive. `columns`: as an export
   * takes them, see `exportColumn`. `most`: for a cell, the first characters of a text; null: whole, and JSON text of a path into the rows' JSON
   */
  'query.more': call(
    z.object({
      workspace,
      ids: z.array(z.string()).max(MOST_MORE),
      columns: z.array(z.string()).max(500),
      most: z.number().int().min(1).nullable(),
    }),
    z.array(z.array(moreValueSchema).nullable()),
  ),
  /** paths into the JSON of rows of a result, and how many of the `of` rows looked into have a value there; the most frequent first */
  'query.paths': call(
    z.object({ workspace, result: z.string() }),
    z.object({ of: z.number(), paths: z.array(z.object({ path: z.string(), rows: z.number() })) }),
  ),
  /** counts only, for presets; in the order asked */
  'query.counts': call(z.object({ workspace, queries: z.array(querySchema).max(64) }), z.array(z.number())),
  /**
   * the question for other programs: a request to Prefect as curl, as Python or its JSON body, or SQL over the archive's views. `columns`:
   * what the SQL selects; `lost`: conditions the request leaves out since Prefect cannot be asked them, `order_lost`: likewise its order
   */
  'query.writeAs': call(
    z.object({
      workspace,
      query: querySchema,
      columns: z.array(z.string()).max(1000),
      as: z.enum(['curl', 'python', 'body', 'sql']),
    }),
    z.object({ text: z.string(), lost: z.array(conditionSchema), order_lost: z.boolean() }),
  ),
  /** task runs in groups, at most 200 of them at once */
  'query.groups': call(
    z.object({
      workspace,
      where: conditionSchema,
      grouping: groupingSchema,
      sort: groupSortSchema,
      from: z.number().int().min(0),
      to: z.number().int().min(0),
    }),
    groupsSchema,
  ),
  /** one task over time. `time_zone`: IANA name of the zone that its days are of; null: UTC. Throws NOT_FOUND for a task without runs */
  'task.get': call(z.object({ workspace, key: z.string(), time_zone: z.string().nullable() }), taskSchema),
  /** tells when the index or a note has changed; first item at once, then at most four a second. `changed` lists up to 1,000 ids */
  'query.watch': stream(
    z.object({ workspace }),
    z.object({ version: z.number(), total: z.number(), changed: z.array(z.string()) }),
  ),

  'run.get': call(z.object({ workspace, id: z.string() }), taskRunDetailSchema),
  /** a request to Prefect for one run */
  'run.writeAs': call(
    z.object({ workspace, id: z.string(), as: z.enum(['curl', 'python']) }),
    z.object({ text: z.string() }),
  ),
  /**
   * history, logs and artifacts: the kept copy, refreshed from the server when it can be reached. `from` (µs): only lines from then on, which
   * the window does not have yet. `rest`: goes on reading the lines that are missing, LINES_AT_ONCE more with each call. `only_kept`: the
   * server is not asked; `fetched` null when nothing is kept
   */
  'run.activity': call(
    z.object({
      workspace,
      id: z.string(),
      of: activityOwnerSchema.default('task_run'),
      from: z.number().nullable().default(null),
      rest: z.boolean().default(false),
      only_kept: z.boolean().default(false),
    }),
    runActivitySchema,
  ),
  /** up to LINES_AT_ONCE kept lines that stand after this one, fewer when they have TEXT_AT_ONCE characters; none: it is the last */
  'run.lines': call(
    z.object({ workspace, id: z.string(), after: z.object({ timestamp: z.number(), id: z.string() }) }),
    z.array(logLineSchema),
  ),

  /**
   * fetches history, logs and artifacts of the question's runs without kept logs, its search left out, newest first and at most
   * `most`; ending the stream stops it, and what was fetched is kept
   */
  'run.fetch': stream(
    z.object({ workspace, query: querySchema, most: z.number().int().min(1).max(MOST_FETCHED).default(MOST_FETCHED) }),
    z.object({ done: z.number(), of: z.number() }),
  ),

  /**
   * a flow run and all its task runs in the archive. `linked`: task runs whose links the caller has, `last` the id of the last of them: they
   * are left out where they still are the first ones. Throws NOT_FOUND
   */
  'flow_run.read': stream(
    z.object({
      workspace,
      id: z.string(),
      linked: z
        .object({ count: z.number().int().min(1), last: z.string() })
        .nullable()
        .default(null),
    }),
    flowRunItemSchema,
  ),
  /** the kept lines of the flow run itself and of its task runs, at most MOST_MERGED. Throws NOT_FOUND */
  'flow_run.logs': stream(z.object({ workspace, id: z.string() }), flowRunLogsSchema),

  /** the notes there are on these, in their order */
  'note.read': call(z.object({ workspace, about: z.array(aboutSchema).max(1000) }), z.array(noteSchema)),
  /**
   * all of these changes or none; kept on the disk when it answers. `was`, `notes`: in the order of the changes, as they were before and as
   * they are now. Throws DISK_FULL, FOLDER_READ_ONLY, FOLDER_IN_USE, CASE_READ_ONLY, BAD_INPUT
   */
  'note.change': call(
    z.object({ workspace, changes: z.array(noteChangeSchema).min(1).max(MOST_NOTES) }),
    z.object({ was: z.array(noteSchema), notes: z.array(noteSchema) }),
  ),

  /** `verify`: compares the whole archive with the server, not only what is due */
  'sync.start': call(z.object({ workspace, verify: z.boolean().default(false) }), none),
  'sync.cancel': call(z.object({ workspace }), none),
  'sync.watch': stream(z.object({ workspace }), syncStatusSchema),
  'sync.coverage': call(z.object({ workspace }), coverageSchema),
  /** checks one question with the server, reads what differs anew and says what it was */
  'sync.check': call(z.object({ workspace, query: querySchema }), checkSchema),

  'preset.list': call(none, z.array(presetSchema)),
  'preset.save': call(savedPresetSchema, presetSchema),
  'preset.update': call(presetSchema.omit({ builtin: true }), presetSchema),
  'preset.remove': call(z.object({ id: z.string() }), none),
  /** a file of these presets, see preset-file.ts, at a place of `export.choose`. Throws DISK_FULL, FILE_NOT_WRITABLE, FILE_EXISTS */
  'preset.export': call(
    z.object({ ids: z.array(z.string()).min(1).max(1000), save: z.string() }),
    z.object({ path: z.string(), download: z.string().nullable() }),
  ),

  /** what is left out stays as it is */
  /** the preset tells when runs come to match it in this workspace, or no longer; what matches already is not told */
  'watch.set': call(z.object({ workspace, preset: z.string(), on: z.boolean() }), none),
  /** a person looks at what the preset told: its count is gone. Returns the runs that were new, the newest MOST_MARKED */
  'watch.seen': call(z.object({ workspace, preset: z.string() }), z.object({ ids: z.array(z.string()) })),
  /** the watches of all workspaces with what is new in them, at once and after every change */
  'watch.follow': stream(none, watchNewsSchema),

  'settings.update': call(settingsChangeSchema, settingsSchema),

  /**
   * asks where to save; null when the person closed the dialog. `save` names the place for `export.run`, as often as it is wanted; in the
   * browser shell once. `folder`: the export makes a folder of that name
   */
  'export.choose': call(
    z.object({ suggested: z.string(), folder: z.boolean().default(false) }),
    z.object({ save: z.string(), path: z.string() }).nullable(),
  ),
  /**
   * writes all rows of the query, in its order, of one state of the archive; beside the target, renamed at the end. `result`: the rows of
   * this answer instead, in its order, so that the file has the rows on screen; null: the query is asked anew. Ending the stream
   * early removes what was written. Throws BAD_INPUT, TOO_MANY_ROWS, DISK_FULL, FILE_NOT_WRITABLE, FILE_EXISTS, NOT_FOUND (the result)
   */
  'export.run': stream(
    exportOptionsSchema.extend({
      ...{ workspace, query: querySchema, save: z.string() },
      result: z.string().nullable().default(null),
    }),
    exportProgressSchema,
  ),
  /** writes what the window has drawn, such as its chart, at a place of `export.choose`. `content`: base64 of up to 3 MB. Throws as `export.run` */
  'export.write': call(
    z.object({ save: z.string(), content: z.string().max(4_000_000) }),
    z.object({
      path: z.string(),
      /** as in `export.run` */
      download: z.string().nullable(),
    }),
  ),

  /** what a case file of these runs would hold; `unread`: runs whose states, logs and artifacts would be read from the server first */
  'case.preview': call(
    z.object({ workspace, ids: caseIds }),
    z.object({ contents: caseContentsSchema, unread: z.number() }),
  ),
  /**
   * writes a case file at a place of `export.choose`. `activity`: with states, logs and artifacts; what is not kept yet is read from the
   * server first, as far as it answers. `notes`: with the notes and bookmarks of the runs, their flow runs and their failures. Ending the
   * stream early leaves no file. Throws DISK_FULL, FILE_NOT_WRITABLE, FILE_EXISTS
   */
  'case.write': stream(
    z.object({
      workspace,
      ids: caseIds,
      query: querySchema,
      columns: z.array(z.string()).max(1000),
      activity: z.boolean(),
      notes: z.boolean(),
      save: z.string(),
    }),
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('progress'), step: z.enum(['read', 'write']), done: z.number(), total: z.number() }),
      z.object({
        kind: z.literal('done'),
        contents: caseContentsSchema,
        /** runs whose activity could not be read */
        unread: z.number(),
        bytes: z.number(),
        path: z.string(),
        download: z.string().nullable(),
      }),
    ]),
  ),
  /** a case file that the person chose in the window comes in pieces: this begins it, `bytes` long */
  'case.receive': call(
    z.object({ name: z.string().max(300), bytes: z.number().int().min(0) }),
    z.object({ receive: z.string() }),
  ),
  /** the piece at byte `at`, base64 of up to 3 MB */
  'case.receivePiece': call(z.object({ receive: z.string(), at: z.number(), piece: z.string().max(4_000_000) }), none),
  /** opens what was received, read-only, as a workspace that ends with the program. Throws CASE_REFUSED, CASE_NEWER, ARCHIVE_DAMAGED */
  'case.open': call(
    z.object({ receive: z.string() }),
    z.object({ workspace: workspaceSchema, manifest: caseAboutSchema }),
  ),
  /** what the manifest of an open case file says */
  'case.about': call(z.object({ workspace }), caseAboutSchema),

  /** `opened` false: no browser can be opened from there, so the window shows the link */
  'shell.openExternal': call(z.object({ url: z.string() }), z.object({ opened: z.boolean() })),
  'shell.revealFile': call(z.object({ path: z.string() }), none),
  /** with the program the system has for such files. Throws NOT_FOUND for a file that was not exported since the start */
  'shell.openFile': call(z.object({ path: z.string() }), none),
};
export type Contract = typeof contract;
