/** The contract, call by call: each line finds who knows and asks. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { contract } from '../contract/calls.ts';
import { AppError } from '../contract/errors.ts';
import { workspaceInputSchema } from '../contract/rows.ts';
import { apiUrlGuesses } from '../prefect/address.ts';
import { listCloudWorkspaces } from '../prefect/cloud.ts';
import { findCandidates, type FoundServer } from '../prefect/profiles.ts';
import { probeServer } from '../prefect/probe.ts';
import { secretHeaders } from '../prefect/secrets.ts';
import type { Handlers } from '../contract/define.ts';
import type { App } from './app.ts';
import { saveEdit, testEdit } from './workspaces/connection-edit.ts';
import { runExport } from './export-run.ts';
import { checkVariable } from './workspaces/variables.ts';
import { runUrl } from './workspaces/run-url.ts';
import { secretFromEnv } from './files/secrets.ts';
import type { Connection } from './workers/contracts.ts';

export function createHandlers(app: App): Handlers<typeof contract> {
  const { shell, workspaces, presets, settings } = app;
  /** places the person has chosen: the window names one, it never gives a path to write */
  const saves = new Map<string, { path: string; download: string | null }>();
  /** finished exports: the only files that a window may have the system show */
  const exported = new Set<string>();
  let candidates: FoundServer[] = [];

  const describeAll = () => Promise.all(workspaces.list().map((entry) => app.describe(entry)));
  const found = (id: string): FoundServer => {
    const one = candidates.find((candidate) => candidate.id === id);
    if (!one) throw new AppError('NOT_FOUND', `no candidate ${id}`, { candidate: id });
    return one;
  };
  const query = async (workspace: string) => (await app.archive(workspace)).query;

  return {
    hello: async () => {
      app.greeted();
      if (workspaces.list().length === 0 && !app.readOnly) await app.ensureDemo();
      return {
        version: app.version,
        capabilities: { ...shell.capabilities, secrets: workspaces.secretsKind },
        data_dir: app.paths.dataDir,
        read_only: app.readOnly,
        notices: app.notices,
        workspaces: await describeAll(),
        settings: settings.get(),
      };
    },

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
    'workspace.test': ({ input, candidate }, { signal }) => {
      const chosen = candidate === null ? input : found(candidate).input;
      if (candidate === null && input) checkVariable(input.auth, app.variables);
      if (!chosen) throw new AppError('BAD_INPUT', 'neither a server nor a candidate was given');
      return probeServer(connectionOf(workspaceInputSchema.parse(chosen)), signal);
    },
    'workspace.add': async (input) => {
      apiUrlGuesses(input.api_url);
      secretHeaders(null, input.headers);
      checkVariable(input.auth, app.variables);
      return app.describe(await workspaces.add(input));
    },
    'workspace.addCandidate': async ({ id, name }) =>
      app.describe(await workspaces.add(workspaceInputSchema.parse({ ...found(id).input, name }))),
    'workspace.cloud': ({ auth, api_url }, { signal }) => {
      checkVariable(auth, app.variables);
      return listCloudWorkspaces({ auth: signIn(auth), apiUrl: api_url }, signal);
    },
    'workspace.previewKeeping': async ({ workspace, keeping }) =>
      (await app.archive(workspace)).previewKeeping(keeping),
    'workspace.setKeeping': async ({ workspace, keeping }) => {
      const entry = await workspaces.update(workspace, { keeping });
      const deleted = await (await app.archive(workspace)).enforceKeeping(keeping);
      return { workspace: await app.describe(entry), deleted };
    },
    'workspace.testEdit': ({ workspace, edit }, { signal }) => {
      checkVariable(edit.auth, app.variables);
      return testEdit(app, workspace, edit, signal);
    },
    'workspace.edit': ({ workspace, edit, anyway }, { signal }) => {
      checkVariable(edit.auth, app.variables);
      return saveEdit(app, workspace, edit, anyway, signal);
    },
    'workspace.setPace': async ({ workspace, ...pace }) => {
      const entry = await workspaces.update(workspace, pace);
      (await app.opened(workspace))?.replan();
      return app.describe(entry);
    },
    'workspace.setRule': async ({ workspace, rule }) =>
      app.describe(await workspaces.update(workspace, { fetch_rule: rule })),
    'workspace.setPaused': async ({ workspace, paused }) => {
      const entry = await workspaces.update(workspace, { paused });
      await (await app.archive(workspace)).setPaused(paused);
      return app.describe(entry);
    },
    'workspace.setDialect': async ({ workspace, dialect }) => {
      const entry = await workspaces.setDialect(workspace, dialect, 'chosen');
      await (await query(workspace)).setDialect({ dialect });
      return app.describe(entry);
    },
    'workspace.remove': async ({ workspace, archive }) => {
      const entry = workspaces.get(workspace);
      await app.closeArchive(workspace);
      await workspaces.remove(workspace);
      if (archive)
        for (const suffix of ['', '-wal', '-shm', '.index'])
          await rm(app.paths.archive(entry.file) + suffix, { force: true });
      return {};
    },
    'workspace.open': async ({ workspace }) => {
      const archive = await app.archive(workspace);
      return {
        workspace: await app.describe(workspaces.get(workspace)),
        version: (await archive.query.stats({})).version,
        notice: archive.notice,
      };
    },

    'query.ask': async ({ workspace, ...question }, { signal }) => (await query(workspace)).ask(question, { signal }),
    'query.rows': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).rows(rest, { signal }),
    'query.position': async ({ workspace, ...rest }, { signal }) => (await query(workspace)).position(rest, { signal }),
    'query.counts': async ({ workspace, queries }, { signal }) =>
      (await query(workspace)).counts({ queries }, { signal }),
    'query.watch': async function* ({ workspace }, { signal }) {
      yield* (await query(workspace)).watch({}, { signal });
    },

    'run.get': async ({ workspace, id }, { signal }) => {
      const detail = await (await query(workspace)).run({ id }, { signal });
      return { ...detail, url: runUrl(workspaces.get(workspace), id) };
    },
    'run.activity': async ({ workspace, id }, { signal }) => (await app.archive(workspace)).activity(id, signal),

    'sync.network': async (network) => {
      await app.setNetwork(network);
      return {};
    },
    'sync.start': async ({ workspace, verify }) => {
      (await app.archive(workspace)).startSync(null, verify);
      return {};
    },
    'sync.cancel': async ({ workspace }) => {
      await (await app.archive(workspace)).cancelSync();
      return {};
    },
    'sync.watch': async function* ({ workspace }, { signal }) {
      yield* (await app.archive(workspace)).sync.watch(signal, 100);
    },

    'sync.coverage': async ({ workspace }, { signal }) => (await query(workspace)).coverage({}, { signal }),
    'sync.check': async ({ workspace, query }, { signal }) => (await app.archive(workspace)).check(query, signal),

    'preset.list': () => presets.list(),
    'preset.save': (preset) => presets.save(preset),
    'preset.update': (preset) => presets.update(preset),
    'preset.remove': async ({ id }) => {
      await presets.remove(id);
      return {};
    },

    'settings.update': async (change) => {
      await settings.change((all) => ({ ...all, ...change }));
      if (change.sync_every !== undefined) await app.replanSyncs();
      return settings.get();
    },

    'export.choose': async ({ suggested }) => {
      const place = await shell.chooseSavePath(suggested);
      if (!place) return null;
      const save = randomUUID();
      saves.set(save, place);
      return { save, path: place.path };
    },
    'export.run': async function* ({ save, workspace, ...what }, { signal }) {
      const place = saves.get(save);
      if (!place) throw new AppError('NOT_FOUND', 'choose where to save first');
      saves.delete(save);
      for await (const item of runExport(await query(workspace), what, place, signal)) {
        if (item.kind === 'done') exported.add(item.path);
        yield item;
      }
    },

    'shell.openExternal': async ({ url }) => {
      if (!/^https?:\/\//i.test(url)) throw new AppError('BAD_INPUT', 'only web addresses are opened');
      await shell.openExternal(url);
      return {};
    },
    'shell.revealFile': async ({ path }) => {
      if (!exported.has(path))
        throw new AppError('NOT_FOUND', 'only files exported since the start are shown', { path });
      await shell.revealFile(path);
      return {};
    },
  };
}

type Input = ReturnType<typeof workspaceInputSchema.parse>;

/** For a server not yet added: its secret comes with the input or from the environment. */
function connectionOf({ api_url, auth, headers, insecure_tls, ca_file }: Input): Connection {
  return { api_url, auth: signIn(auth), headers, insecure_tls, ca_file };
}

function signIn(auth: Input['auth']): Connection['auth'] {
  if (auth.kind === 'none') return null;
  return { scheme: auth.scheme, secret: auth.kind === 'env' ? secretFromEnv(auth.variable) : auth.secret };
}
