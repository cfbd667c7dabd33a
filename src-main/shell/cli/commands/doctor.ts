/** `taskscope doctor`: findings and what a report of a fault needs, as one JSON document on stdout and in words on stderr. */
import { stat } from 'node:fs/promises';
import { errorWords } from '../../../contract/error-words.ts';
import { toWireError, type WireError } from '../../../contract/errors.ts';
import { createApp, type App } from '../../../core/app.ts';
import { lostArchive, setAsideFor } from '../../../core/archive/damage.ts';
import { archiveProblems } from '../../../core/archive/integrity.ts';
import { withoutSecrets } from '../../../core/files/log-file.ts';
import { basicFacts, diagnose, diagnosticsText } from '../../../core/diagnostics.ts';
import { plainShell } from '../../../core/shell.ts';
import type { Entry } from '../../../core/workspaces/workspaces.ts';
import { findChromium, hasDisplay } from '../../browser/browsers.ts';
import { DONE, FAILED, log, print, say } from '../../terminal.ts';
import { dataDirOf, parse, type Command } from './options.ts';

const LOOK = 5000; // ms for a server's answer

type Finding = { what: string; ok: boolean; text: string };

export const doctor: Command = async (args) => {
  const { values } = parse({ args, options: { 'data-dir': { type: 'string' }, offline: { type: 'boolean' } } });
  const dataDir = dataDirOf(values);
  const findings: Finding[] = [];
  const find = (what: string, ok: boolean, told: string) => {
    const text = withoutSecrets(told);
    findings.push({ what, ok, text });
    say(`${ok ? 'ok  ' : 'NOT '} ${what}: ${text}`);
  };
  const shown = { display: hasDisplay(), chromium: findChromium() };
  let facts: object = { ...basicFacts(dataDir), ...shown };
  try {
    const app = await createApp({ dataDir, shell: plainShell, log, syncOnOpen: false });
    try {
      if (app.readOnly) find('data folder', false, sentence(app.readOnly));
      else find('data folder', true, 'can be written');
      for (const notice of app.notices) find('data folder', false, sentence(notice));
      for (const entry of app.workspaces.list()) await examine(app, entry, values.offline ?? false, find);
      facts = { ...(await diagnose(app, true)), ...shown };
    } finally {
      await app.close();
    }
  } catch (thrown) {
    find('data folder', false, sentence(toWireError(thrown)));
  }
  say(diagnosticsText(facts, '     '));
  await print(JSON.stringify({ ...facts, findings }, null, 2));
  // a server that cannot be reached is a finding, not a fault of Taskscope
  return findings.every((one) => one.ok || one.what.startsWith('server ')) ? DONE : FAILED;
};

type Find = (what: string, ok: boolean, text: string) => void;

async function examine(app: App, entry: Entry, offline: boolean, find: Find): Promise<void> {
  const path = app.paths.archive(entry.file);
  const size = await stat(path).then(
    (found) => found.size,
    () => null,
  );
  const lost = await lostArchive(path);
  for (const aside of await setAsideFor(path))
    find(`archive ${entry.name}`, false, `it was damaged before; what was set aside is still there: ${aside}`);
  if (lost) find(`archive ${entry.name}`, false, sentence(toWireError(lost)));
  else if (size === null) find(`archive ${entry.name}`, true, 'not synced yet');
  else {
    try {
      const problems = archiveProblems(path);
      const text = problems.length === 0 ? `sound, ${(size / 1e6).toFixed(1)} MB` : problems.join('; ');
      find(`archive ${entry.name}`, problems.length === 0, `${text} (${path})`);
    } catch (thrown) {
      find(`archive ${entry.name}`, false, sentence(toWireError(thrown)));
    }
  }
  if (offline || entry.kind === 'demo') return;
  try {
    const connection = await app.workspaces.connection(entry);
    const { version, task_runs } = await app.handlers['workspace.test'](
      { input: inputOf(entry, connection), candidate: null },
      { signal: AbortSignal.timeout(LOOK) },
    );
    find(`server ${entry.name}`, true, `Prefect ${version ?? '?'}, ${task_runs} task runs`);
  } catch (thrown) {
    find(`server ${entry.name}`, false, sentence(toWireError(thrown)));
  }
}

type Known = Awaited<ReturnType<App['workspaces']['connection']>>;

function inputOf({ name, api_url, insecure_tls, ca_file, dialect }: Entry, { auth, headers = {} }: Known) {
  return {
    name,
    api_url,
    headers,
    insecure_tls,
    ca_file,
    dialect,
    auth: auth ? { kind: 'secret' as const, ...auth } : { kind: 'none' as const },
  };
}

function sentence(error: WireError): string {
  const { title, advice } = errorWords(error);
  return `${title}. ${advice}`;
}
