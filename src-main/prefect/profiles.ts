/**
 * Finds the servers that this machine's Prefect settings name, to offer them. Contacts and copies nothing: a secret leaves this module only
 * inside the candidate that a person confirms.
 */
import { access } from 'node:fs/promises';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { z } from 'zod';
import type { WorkspaceInput } from '../contract/workspace.ts';
import { apiUrlGuesses } from './address.ts';
import { fullPath, readPlaces, type Env, type Place, type Settings } from './settings-files.ts';

export type FoundServer = {
  id: string;
  /** fit to be a workspace's name */
  name: string;
  /** where it was found: a file's path, or "environment" */
  source: string;
  /** Prefect's own client would use this server now */
  active: boolean;
  /** may hold a secret and must not go to the window */
  input: WorkspaceInput;
};

export type Looking = {
  env?: Env;
  home?: string;
  /** the folder with `.env`, `prefect.toml` and `pyproject.toml` */
  folder?: string;
  isListening?: () => Promise<boolean>;
};

/** Where `prefect server start` listens when nobody says otherwise. */
const LOCAL_SERVER = 'http://127.0.0.1:4200/api';
const headersSchema = z.record(z.string(), z.string());

/**
 * The server that Prefect's client would use, then every other place that names a server, then the usual local address if a program listens
 * there.
 *
 * The strongest place with an address decides the active server. Settings of stronger places are laid over it, as Prefect's
 * client does. Those of weaker places are not, though it does that too: a key in a profile was meant for that profile's server and must
 * not go to the address that some folder's `.env` names.
 */
export async function findCandidates(looking: Looking = {}): Promise<FoundServer[]> {
  const { env = process.env, home = homedir(), folder = process.cwd(), isListening = localPortOpen } = looking;
  const { near, profiles, active } = await readPlaces(env, home, folder);
  const path = (text: string) => fullPath(text, home, folder);
  const fallbackCa = env['SSL_CERT_FILE'] ? await existing(path(env['SSL_CERT_FILE'])) : null;
  const ordered = [...near, ...profiles.filter(({ id }) => id === active)];
  const first = ordered.findIndex(({ settings }) => apiUrl(settings['PREFECT_API_URL']) !== null);

  const found: FoundServer[] = [];
  for (const place of [...near, ...profiles]) {
    const isActive = place === ordered[first];
    const stack = isActive ? ordered.slice(0, first + 1) : [place];
    const input = inputOf(place.name, stack, fallbackCa, path);
    if (input) found.push({ id: place.id, name: input.name, source: place.source, active: isActive, input });
  }
  const known = new Set(found.map(({ input }) => input.api_url.replace('//localhost:', '//127.0.0.1:')));
  if (!known.has(LOCAL_SERVER) && (await isListening())) {
    const local = {
      id: 'local',
      name: 'local server',
      source: LOCAL_SERVER,
      settings: { PREFECT_API_URL: LOCAL_SERVER },
    };
    const input = inputOf(local.name, [local], null, path);
    if (input) found.push({ id: local.id, name: input.name, source: local.source, active: false, input });
  }
  return found.sort((a, b) => Number(b.active) - Number(a.active));
}

/** Whether a program listens at the usual local address: opens and closes a TCP connection and sends nothing. */
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
    socket.on('error', () => end(false));
  });
}

/** `stack`: the places whose settings count, strongest first. null: none has a usable address. */
function inputOf(
  name: string,
  stack: readonly Place[],
  fallbackCa: string | null,
  path: (text: string) => string,
): WorkspaceInput | null {
  const settings: Settings = Object.assign({}, ...stack.map((place) => place.settings).reverse()) as Settings;
  const url = apiUrl(settings['PREFECT_API_URL']);
  if (url === null) return null;
  const caFile = settings['PREFECT_API_SSL_CERT_FILE'];
  return {
    name:
      name
        .replace(/[^A-Za-z0-9 ._-]/g, '-')
        .replace(/^[^A-Za-z0-9]+/, '')
        .slice(0, 63) || 'prefect',
    api_url: url,
    auth: authOf(settings, stack.find(({ id }) => id === 'env')?.settings ?? {}),
    headers: headersOf(settings['PREFECT_CLIENT_CUSTOM_HEADERS']),
    insecure_tls: /^(1|true|t|yes|y|on)$/i.test(settings['PREFECT_API_TLS_INSECURE_SKIP_VERIFY'] ?? ''),
    ca_file: !url.startsWith('https:') ? null : caFile === undefined ? fallbackCa : path(caFile),
  };
}

/** Prefect 3.8.8 sends the auth string when both are set. A secret in the environment stays there; only its variable is named. */
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
    return {}; // Prefect's client would refuse it too; the server then names the missing header
  }
}

/** null for a missing file: many tools set SSL_CERT_FILE for themselves, so a wrong one is not the person's choice. */
function existing(path: string): Promise<string | null> {
  return access(path).then(
    () => path,
    () => null,
  );
}
