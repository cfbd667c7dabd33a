/**
 * Servers this machine's Prefect settings name, to be offered. Nothing is contacted and nothing is copied: a secret leaves this
 * module only inside the candidate the person confirms.
 */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';
import type { WorkspaceInput } from '../contract/rows.ts';
import { apiUrlGuesses } from './address.ts';

export type FoundServer = {
  id: string;
  /** fit to be a workspace's name */
  name: string;
  /** where it was found: a file's path, or "environment" */
  source: string;
  /** it is what Prefect's own client would use now */
  active: boolean;
  /** holds the secret of a profile; never for the window */
  input: WorkspaceInput;
};

type Settings = Record<string, string>;
type Env = Record<string, string | undefined>;

const profilesSchema = z.object({
  active: z.string().optional(),
  profiles: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});
const headersSchema = z.record(z.string(), z.string());

/** Where `prefect server start` listens when nobody says otherwise. */
const LOCAL_SERVER = 'http://127.0.0.1:4200/api';
const wanted = [
  'PREFECT_API_URL',
  'PREFECT_API_KEY',
  'PREFECT_API_AUTH_STRING',
  'PREFECT_API_TLS_INSECURE_SKIP_VERIFY',
  'PREFECT_CLIENT_CUSTOM_HEADERS',
];

/** The likeliest first: what Prefect's client would use, other profiles, then the usual local address if something listens there. */
export async function findCandidates(
  env: Env = process.env,
  home: string = homedir(),
  isListening: () => Promise<boolean> = localPortOpen,
): Promise<FoundServer[]> {
  const path = env['PREFECT_PROFILES_PATH'] || join(env['PREFECT_HOME'] || join(home, '.prefect'), 'profiles.toml');
  const file = await readProfiles(path);
  const active = env['PREFECT_PROFILE'] || file.active;
  const fromEnv = pick(env);
  const found: FoundServer[] = [];

  if (fromEnv['PREFECT_API_URL']) add(found, 'env', 'environment', 'environment', true, fromEnv, fromEnv);
  for (const [name, raw] of Object.entries(file.profiles)) {
    const profile = pick(raw);
    // a variable goes before the active profile's own value; a URL in the environment is a server of its own, above
    const isActive = name === active && !fromEnv['PREFECT_API_URL'];
    add(
      found,
      `profile:${name}`,
      name,
      path,
      isActive,
      isActive ? { ...profile, ...fromEnv } : profile,
      isActive ? fromEnv : {},
    );
  }
  const known = new Set(found.map(({ input }) => input.api_url.replace('//localhost:', '//127.0.0.1:')));
  if (!known.has(LOCAL_SERVER) && (await isListening()))
    add(found, 'local', 'local server', LOCAL_SERVER, false, { PREFECT_API_URL: LOCAL_SERVER }, {});
  return found.sort((a, b) => Number(b.active) - Number(a.active));
}

/** Opens and closes a TCP connection on this machine; sends nothing. An offer of a server that is not there would be no find. */
function localPortOpen(): Promise<boolean> {
  const { hostname, port } = new URL(LOCAL_SERVER);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: 300 });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

/** `fromEnv`: those of the settings that came from the environment; their secrets stay there and are named only. */
function add(
  found: FoundServer[],
  id: string,
  name: string,
  source: string,
  active: boolean,
  settings: Settings,
  fromEnv: Settings,
): void {
  const url = apiUrl(settings['PREFECT_API_URL']);
  if (url === null) return; // a profile without a server (Prefect's "ephemeral"), or with an address nobody could use
  const input: WorkspaceInput = {
    name:
      name
        .replace(/[^A-Za-z0-9 ._-]/g, '-')
        .replace(/^[^A-Za-z0-9]+/, '')
        .slice(0, 63) || 'prefect',
    api_url: url,
    auth: authOf(settings, fromEnv),
    headers: headersOf(settings['PREFECT_CLIENT_CUSTOM_HEADERS']),
    insecure_tls: /^(1|true|t|yes|y|on)$/i.test(settings['PREFECT_API_TLS_INSECURE_SKIP_VERIFY'] ?? ''),
  };
  found.push({ id, name: input.name, source, active, input });
}

/** Prefect 3.8.8 sends the auth string when both are set. */
function authOf(settings: Settings, fromEnv: Settings): WorkspaceInput['auth'] {
  for (const [variable, scheme] of [
    ['PREFECT_API_AUTH_STRING', 'basic'],
    ['PREFECT_API_KEY', 'api_key'],
  ] as const) {
    const secret = settings[variable];
    if (!secret) continue;
    return fromEnv[variable] ? { kind: 'env', scheme, variable } : { kind: 'secret', scheme, secret };
  }
  return { kind: 'none' };
}

function apiUrl(text: string | undefined): string | null {
  if (!text) return null;
  try {
    return apiUrlGuesses(text)[0] ?? null;
  } catch {
    return null;
  }
}

function headersOf(text: string | undefined): Record<string, string> {
  if (!text) return {};
  try {
    return headersSchema.catch({}).parse(JSON.parse(text));
  } catch {
    return {}; // Prefect's client would refuse it too; the server then says what it misses
  }
}

function pick(from: Record<string, unknown>): Settings {
  const picked: Settings = {};
  for (const key of wanted) {
    const value = from[key];
    if (typeof value === 'string' && value !== '') picked[key] = value;
    else if (typeof value === 'boolean') picked[key] = String(value);
  }
  return picked;
}

/** No file, an unreadable or a broken one: there is nothing to offer from it, and Prefect's own commands say what is wrong. */
async function readProfiles(path: string): Promise<z.output<typeof profilesSchema>> {
  try {
    return profilesSchema.parse(parse(await readFile(path, 'utf8')));
  } catch {
    return { profiles: {} };
  }
}
