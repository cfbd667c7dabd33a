/** The contract, call by call: each line finds who knows and asks. */
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { contract } from '../contract/calls.ts';
import { CONTRACT_HASH } from '../contract/contract-hash.ts';
import { AppError, fromWireError, toAppError, type WireError } from '../contract/errors.ts';
import { writePresetFile } from '../contract/preset-file.ts';
import { workspaceInputSchema } from '../contract/workspace.ts';
import type { Settings } from '../contract/settings.ts';
import { discardUnfinished, STDOUT, writeFile } from '../export/file.ts';
import { archiveFiles, removeArchiveFiles } from '../store/file/files.ts';
import { findCandidates, type FoundServer } from '../prefect/profiles.ts';
import { secretHeaders } from '../prefect/secrets.ts';
import type { Handlers } from '../contract/define.ts';
import { saveEdit, testEdit } from './workspaces/connection-edit.ts';
import type { Archive } from './archive/archive.ts';
import type { Archives } from './archive/archives.ts';
import type { Cases } from './cases/cases.ts';
import type { JsonFile } from './files/json-file.ts';
import type { Paths } from './files/paths.ts';
import { refuseOwnFiles } from './files/own-files.ts';
import type { Presets } from './files/presets.ts';
import type { SavePlace, Shell } from './shell.ts';
import type { Watches } from './watches/watches.ts';
import { adoptable, keptArchives } from './workspaces/kept-archives.ts';
import { checkVariable } from './workspaces/variables.ts';
import { runUrl } from './workspaces/run-url.ts';
import { settledAddress } from './workspaces/settled-address.ts';
import type { Entry, Workspaces } from './workspaces/workspaces.ts';
import { keepOutOfLogs } from './files/log-file.ts';
import { secretFromEnv } from './files/secrets.ts';
import { writeRun, writeView } from './write-as/write-as.ts';
import type { Connection } from '../prefect/connection.ts';

/** What the calls need; `App` has it. */
type Core = {
  readonly version: string;
  readonly paths: Paths;
  readonly shell: Shell;
  readonly workspaces: Workspaces;
  readonly presets: Presets;
  readonly settings: JsonFile<Settings>;
  readonly archives: Archives;
  readonly cases: Cases;
  readonly watches: Watches;
  /** the workspace a window begins with; null: as the settings say */
  readonly beginWith: string | null;
  /** why nothing may be written; null: it may */
  readonly readOnly: WireError | null;
  /** what a person must know of this start, such as a file that was set aside */
  readonly notices: WireError[];
  /** environment variables that a person has named: see workspaces/variables.ts */
  readonly variables: ReadonlySet<string>;
  /** the demo workspace of this run of the program, made if needed */
  ensureDemo(): Promise<Entry>;
  diagnostics(): Promise<string>;
};

export function createHandlers(core: Core): Handlers<typeof contract> {
  const { shell, workspaces, presets, settings, archives, cases, watches } = core;
  /** places that a person has chosen: the window names one and never gives a path to write */
  const saves = new Map<string, SavePlace>();
  /** finished exports: the only files that a window may have the system show */
  const exported = new Set<string>();
  let candidates: FoundServer[] = [];

  const describeAll = () => Promise.all(workspaces.list().map((entry) => archives.describe(entry)));
  const found = (id: string): FoundServer => {
    const one = candidates.find((candidate) => candidate.id === id);
    if (!one) throw new AppError('NOT_FOUND', `no candidate ${id}`, { candidate: id });
    return one;
  };
  const chosen = ({ input, candidate }: { input: Input | null; candidate: string | null }): Connection => {
    const typed = candidate === null ? input : found(candidate).input;
    if (candidate === null && input) checkVariable(input.auth, core.variables);
    if (!typed) throw new AppError('BAD_INPUT', 'neither a server nor a candidate was given');
    return connectionOf(workspaceInputSchema.parse(typed));
  };
  const takePlace = (save: string): SavePlace => {
    const place = saves.get(save);
    if (!place) throw new AppError('NOT_FOUND', 'choose where to save first');
    if (place.download !== null) saves.delete(save); // the file is gone once it was handed over
    return place;
  };
  /** The next dialog opens there. Without a dialog the path is a script's, or of a folder for downloads. */
  const rememberFolder = async ({ path }: SavePlace): Promise<void> => {
    if (!shell.capabilities.save_dialog || core.readOnly) return;
    await settings.change((all) => ({ ...all, export_folder: dirname(path) }));
  };
  const query = async (workspace: string) => (await archives.get(workspace)).query;
  /** A stream about an archive; it goes on with the archive that is opened again after a thread has died or damage was met. */
  async function* whileAlive<T>(
    workspace: string,
    signal: AbortSignal,
    watch: (archive: Archive) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const release = archives.hold(workspace);
    let failed: unknown = null;
    try {
      for (let last: Archive | null = null; !signal.aborted;) {
        const archive = await archives.get(workspace);
        if (archive === last) throw failed;
        last = archive;
        try {
          yield* watch(archive);
          return;
        } catch (thrown) {
          failed = thrown;
          if (!['THREAD_DIED', 'ARCHIVE_DAMAGED'].includes(toAppError(thrown).code)) throw thrown;
        }
      }
    } finally {
      release();
    }
  }

  return {
    hello: async () => {
      if (workspaces.list().length === 0 && !core.readOnly) await core.ensureDemo();
      return {
        version: core.version,
        contract: CONTRACT_HASH,
        capabilities: { ...shell.capabilities, secrets: workspaces.secretsKind },
        data_dir: core.paths.dataDir,
        read_only: core.readOnly,
        notices: core.notices,
        workspaces: await describeAll(),
        begin_with: workspaces.list().find(({ name }) => name === core.beginWith)?.name ?? null,
        settings: settings.get(),
      };
    },

    diagnostics: async () => ({ text: await core.diagnostics() }),

    'workspace.list': describeAll,
    'workspace.candidates': async () => {
      candidates = await findCandidates();
      const known = new Set(workspaces.list().map((entry) => entry.api_url));
      return candidates
        .filter((one) => !known.has(one.input.api_url))
        .map(({ id, name, source, active, input }) => ({
          id,
          name,
          source,
          active,
          api_url: input.api_url,
          auth: input.auth.kind === 'none' ? ('none' as const) : input.auth.scheme,
        }));
    },
    'workspace.test': (server, { signal }) => archives.server.probe({ connection: chosen(server) }, { signal }),
    'workspace.kept': (server, { signal }) => keptArchives(core, () => chosen(server), signal),
    'workspace.add': async ({ archive, ...input }, { signal }) => {
      secretHeaders(null, input.headers);
      checkVariable(input.auth, core.variables);
      workspaces.refuseTaken(input.name, null);
      const api_url = await settledAddress(archives.server, input.api_url, () => connectionOf(input), signal);
      await adoptable(core, archive, () => connectionOf({ ...input, api_url }), signal);
      return archives.describe(await workspaces.add({ ...input, api_url }, archive));
    },
    'workspace.addCandidate': async ({ id, name, archive }, { signal }) => {
      const input = workspaceInputSchema.parse({ ...found(id).input, name });
      await adoptable(core, archive, () => connectionOf(input), signal);
      return archives.describe(await workspaces.add(input, archive));
    },
    'workspace.cloud': ({ auth, api_url }, { signal }) => {
      checkVariable(auth, core.variables);
      return archives.server.cloudWorkspaces({ auth: signIn(auth), api_url }, { signal });
    },
    'workspace.previewRetention': async ({ workspace, retention }) =>
      (await archives.get(workspace)).previewRetention(retention),
    'workspace.setRetention': async ({ workspace, retention }) => {
      const entry = await workspaces.update(workspace, { retention });
      const deleted = await (await archives.get(workspace)).enforceRetention(retention);
      return { workspace: await archives.describe(entry), deleted };
    },
    'workspace.testEdit': ({ workspace, edit }, { signal }) => {
      checkVariable(edit.auth, core.variables);
      return testEdit(core, workspace, edit, signal);
    },
    'workspace.edit': ({ workspace, edit, anyway }, { signal }) => {
      checkVariable(edit.auth, core.variables);
      return saveEdit(core, workspace, edit, anyway, signal);
    },
    'workspace.setPace': async ({ workspace, ...pace }) => {
      const entry = await workspaces.update(workspace, pace);
      (await archives.opened(workspace))?.replan();
      return archives.describe(entry);
    },
    'workspace.setRule': async ({ workspace, rule }) =>
      archives.describe(await workspaces.update(workspace, { fetch_rule: rule })),
    'workspace.setPaused': async ({ workspace, paused }) => {
      const entry = await workspaces.update(workspace, { paused });
      await (await archives.opened(workspace))?.setPaused(paused); // one that is opened later begins with it
      return archives.describe(entry);
    },
    'workspace.setDialect': async ({ workspace, dialect }) => {
      const entry = await workspaces.setDialect(workspace, dialect, 'chosen');
      await (await archives.opened(workspace))?.query.setDialect({ dialect });
      return archives.describe(entry);
    },
    'workspace.files': ({ workspace }) => archiveFiles(core.paths.archive(workspaces.get(workspace).file)),
    'workspace.remove': async ({ workspace, archive }) => {
      const entry = workspaces.get(workspace);
      await archives.close(workspace);
      await workspaces.remove(workspace);
      await watches.forget({ file: entry.file });
      if (entry.kind === 'case') await cases.forget(workspace);
      else if (archive) removeArchiveFiles(core.paths.archive(entry.file));
      return {};
    },
    'workspace.open': async ({ workspace }) => {
      const archive = await archives.get(workspace, true);
      return {
        workspace: await archives.describe(workspaces.get(workspace)),
        version: (await archive.query.stats({})).version,
        notice: archive.notice,
      };
    },

    'workspace.salvage': async function* ({ workspace }, { signal }) {
      yield* archives.salvage(workspaces.get(workspace).name).watch(signal, 200);
    },
    'workspace.stopSalvage': async ({ workspace }) => {
      await archives.stopSalvage(workspace);
      return {};
    },

    'query.ask': async ({ workspace, ...question }, { signal }) => (await query(workspace)).ask(question, { signal }),
    'query.rows': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).rows(rest, { signal }),
    'query.position': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).position(rest, { signal }),
    'query.news': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).news(rest, { signal }),
    'query.marks': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).marks(rest, { signal }),
    'query.more': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).more(rest, { signal }),
    'query.paths': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).paths(rest, { signal }),
    'query.counts': async ({ workspace, queries }, { signal }) =>
      (await query(workspace)).counts({ queries }, { signal }),
    'query.writeAs': (question) => writeView(core, question, Date.now() * 1000),
    'task.get': async ({ workspace, ...input }, { signal }) => (await query(workspace)).task(input, { signal }),
    'query.groups': async ({ workspace, ...input }, { signal }) => (await query(workspace)).groups(input, { signal }),
    'query.watch': async function* ({ workspace }, { signal }) {
      yield* whileAlive(workspace, signal, (archive) => archive.query.watch({}, { signal }));
    },

    'run.get': async ({ workspace, id }, { signal }) => {
      const detail = await (await query(workspace)).run({ id }, { signal });
      return { ...detail, url: runUrl(workspaces.get(workspace), id) };
    },
    'run.writeAs': async ({ workspace, id, as }) => ({ text: await writeRun(core, workspace, id, as) }),
    'run.activity': async ({ workspace, ...wanted }, { signal }) =>
      (await archives.get(workspace)).activity(wanted, signal),
    'run.lines': async ({ workspace, ...place }, { signal }) => (await query(workspace)).lines(place, { signal }),

    'run.fetch': async function* ({ workspace, query, most }, { signal }) {
      yield* (await archives.get(workspace)).fetchRuns(query, most, signal);
    },

    'flow_run.read': async function* ({ workspace, ...wanted }, { signal }) {
      yield* (await query(workspace)).flowRun(wanted, { signal });
    },
    'flow_run.logs': async function* ({ workspace, id }, { signal }) {
      yield* (await query(workspace)).flowRunLogs({ id }, { signal });
    },

    'note.read': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).notes(rest, { signal }),
    'note.change': async ({ workspace, ...rest }) => {
      if (core.readOnly) throw fromWireError(core.readOnly);
      return (await query(workspace)).changeNotes(rest);
    },

    'sync.start': async ({ workspace, verify }) => {
      (await archives.get(workspace)).startSync(null, verify);
      return {};
    },
    'sync.cancel': async ({ workspace }) => {
      await (await archives.get(workspace)).cancelSync();
      return {};
    },
    'sync.watch': async function* ({ workspace }, { signal }) {
      yield* whileAlive(workspace, signal, (archive) => archive.watchSync(signal));
    },

    'sync.coverage': async ({ workspace }, { signal }) => (await query(workspace)).coverage({}, { signal }),
    'sync.check': async ({ workspace, query }, { signal }) => (await archives.get(workspace)).check(query, signal),

    'preset.list': () => presets.list(),
    'preset.save': (preset) => presets.save(preset),
    'preset.update': (preset) => presets.update(preset),
    'preset.remove': async ({ id }) => {
      await presets.remove(id);
      await watches.forget({ preset: id });
      return {};
    },
    'preset.export': async ({ ids, save }, { signal }) => {
      const { path, download, overwrite } = takePlace(save);
      await refuseOwnFiles(core.paths.dataDir, path);
      const chunk = Buffer.from(writePresetFile(presets.list().filter(({ id }) => ids.includes(id))));
      const written = writeFile(path, [{ chunk, rows: 0, total: 0 }], { signal, overwrite });
      while (!(await written.next()).done);
      exported.add(path);
      return { path, download };
    },

    'watch.set': async ({ workspace, preset, on }) => {
      await watches.set(workspace, preset, on);
      return {};
    },
    'watch.seen': async ({ workspace, preset }) => ({ ids: await watches.seen(workspace, preset) }),
    'watch.follow': async function* (_, { signal }) {
      yield* watches.news.watch(signal, 100);
    },

    'settings.update': async (change) => {
      await settings.change((all) => ({ ...all, ...change }));
      if (change.sync_every !== undefined) archives.replan();
      return settings.get();
    },

    'export.choose': async ({ suggested, folder }) => {
      const place = await shell.chooseSavePath(suggested, folder, settings.get().export_folder);
      if (!place) return null;
      await rememberFolder(place);
      const save = randomUUID();
      saves.set(save, place);
      return { save, path: place.path };
    },
    'export.run': async function* ({ save, workspace, ...what }, { signal }) {
      const { path, download, overwrite } = takePlace(save);
      if (path !== STDOUT) await refuseOwnFiles(core.paths.dataDir, path);
      const release = archives.hold(workspace);
      try {
        const items = (await query(workspace)).export({ ...what, path, overwrite }, { signal });
        for await (const item of items) {
          if (item.kind === 'done') exported.add(path);
          yield item.kind === 'done' ? { ...item, path, download } : item;
        }
      } catch (thrown) {
        if (toAppError(thrown).code === 'THREAD_DIED') await discardUnfinished(path);
        throw thrown;
      } finally {
        release();
      }
    },
    'export.write': async ({ save, content }, { signal }) => {
      const { path, download, overwrite } = takePlace(save);
      await refuseOwnFiles(core.paths.dataDir, path);
      const whole = { chunk: Buffer.from(content, 'base64'), rows: 1, total: 1 };
      for await (const _ of writeFile(path, [whole], { signal, overwrite }));
      exported.add(path);
      return { path, download };
    },

    'case.preview': ({ workspace, ids }) => cases.preview(workspace, ids),
    'case.write': async function* ({ save, ...what }, { signal }) {
      const place = takePlace(save);
      await refuseOwnFiles(core.paths.dataDir, place.path);
      const release = archives.hold(what.workspace);
      try {
        for await (const item of cases.write(what, place, signal)) {
          if (item.kind === 'done') exported.add(place.path);
          yield item;
        }
      } finally {
        release();
      }
    },
    'case.receive': async ({ name, bytes }) => ({ receive: await cases.receive(name, bytes) }),
    'case.receivePiece': async ({ receive, at, piece }) => {
      await cases.piece(receive, at, piece);
      return {};
    },
    'case.open': async ({ receive }) => {
      const { entry, manifest } = await cases.openReceived(receive);
      return { workspace: await archives.describe(entry), manifest };
    },
    'case.about': ({ workspace }) => cases.manifestOf(workspace),

    'shell.openExternal': async ({ url }) => {
      if (!/^https?:\/\//i.test(url)) throw new AppError('BAD_INPUT', 'only web addresses are opened');
      return { opened: await shell.openExternal(url) };
    },
    'shell.revealFile': async ({ path }) => {
      if (!exported.has(path))
        throw new AppError('NOT_FOUND', 'only files exported since the start are shown', { path });
      await shell.revealFile(path);
      return {};
    },
    'shell.openFile': async ({ path }) => {
      if (!exported.has(path))
        throw new AppError('NOT_FOUND', 'only files exported since the start are opened', { path });
      await shell.openFile(path);
      return {};
    },
  };
}

type Input = ReturnType<typeof workspaceInputSchema.parse>;

/** For a server not yet added: its secret comes with the input or from the environment. */
function connectionOf({ api_url, auth, headers, insecure_tls, ca_file }: Input): Connection {
  keepOutOfLogs(null, headers);
  return { api_url, auth: signIn(auth), headers, insecure_tls, ca_file };
}

function signIn(auth: Input['auth']): Connection['auth'] {
  if (auth.kind === 'none') return null;
  const secret = auth.kind === 'env' ? secretFromEnv(auth.variable) : auth.secret;
  keepOutOfLogs({ scheme: auth.scheme, secret }, {});
  return { scheme: auth.scheme, secret };
}
