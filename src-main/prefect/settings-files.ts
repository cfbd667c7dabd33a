/**
 * Reads the settings where Prefect's own client finds them, strongest place first: environment, `.env`, `prefect.toml`, `pyproject.toml`,
 * the active profile.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'smol-toml';
import { z } from 'zod';

export type Env = Record<string, string | undefined>;
/** By Prefect's upper-case names; only settings that matter for a connection. */
export type Settings = Record<string, string>;

export type Place = {
  /** `env`, `.env`, `prefect.toml`, `pyproject.toml`, `profile:NAME` */
  id: string;
  /** a name for a workspace made from this place */
  name: string;
  /** the file's path, or "environment" */
  source: string;
  settings: Settings;
};
export type Places = {
  /** environment and the current folder's files, strongest first */
  near: Place[];
  profiles: Place[];
  /** `id` of the profile in use */
  active: string | null;
};

/** Bytes. A larger file of that name is no settings file. */
const LARGEST_FILE = 1024 * 1024;

const wanted = [
  'PREFECT_API_URL',
  'PREFECT_API_KEY',
  'PREFECT_API_AUTH_STRING',
  'PREFECT_API_TLS_INSECURE_SKIP_VERIFY',
  'PREFECT_API_SSL_CERT_FILE',
  'PREFECT_CLIENT_CUSTOM_HEADERS',
  'PREFECT_PROFILES_PATH',
];
const table = z.record(z.string(), z.unknown());
const profilesSchema = z.object({
  active: z.string().optional(),
  profiles: z.record(z.string(), table).default({}),
});

/** A missing, unreadable or broken file counts as empty: Prefect's own commands tell what is wrong with it. */
export async function readPlaces(env: Env, home: string, folder: string): Promise<Places> {
  const inFolder = (file: string) => read(join(folder, file));
  const [dotenv, own, project] = await Promise.all([
    inFolder('.env').then((text) => quietly(() => parseEnv(text)) ?? {}),
    inFolder('prefect.toml').then(toml),
    inFolder('pyproject.toml').then((text) => asTable(asTable(toml(text)['tool'])['prefect'])),
  ]);
  const name = basename(folder);
  const near: Place[] = [
    { id: 'env', name: 'environment', source: 'environment', settings: pick(env) },
    { id: '.env', name, source: join(folder, '.env'), settings: pick(upperCase(dotenv)) },
    { id: 'prefect.toml', name, source: join(folder, 'prefect.toml'), settings: pick(flat(own)) },
    { id: 'pyproject.toml', name, source: join(folder, 'pyproject.toml'), settings: pick(flat(project)) },
  ];

  const named = near.map(({ settings }) => settings['PREFECT_PROFILES_PATH']).find((path) => path !== undefined);
  const path = named
    ? fullPath(named, home, folder)
    : join(env['PREFECT_HOME'] || join(home, '.prefect'), 'profiles.toml');
  const file = profilesSchema.safeParse(toml(await read(path))).data ?? { profiles: {} };
  const active = env['PREFECT_PROFILE'] || file.active;
  return {
    near,
    profiles: Object.entries(file.profiles).map(([profile, raw]) => ({
      id: `profile:${profile}`,
      name: profile,
      source: path,
      settings: pick(raw),
    })),
    active: active === undefined ? null : `profile:${active}`,
  };
}

/** As Prefect's client reads paths: `~` is the home folder, a relative path starts at `folder`. */
export function fullPath(path: string, home: string, folder: string): string {
  const expanded = /^~(?=$|[/\\])/.test(path) ? home + path.slice(1) : path;
  return isAbsolute(expanded) ? expanded : resolve(folder, expanded);
}

async function read(path: string): Promise<string> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size <= LARGEST_FILE ? await readFile(path, 'utf8') : '';
  } catch {
    return '';
  }
}

function toml(text: string): Record<string, unknown> {
  return asTable(quietly(() => parse(text)));
}

function quietly<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function asTable(value: unknown): Record<string, unknown> {
  return table.safeParse(value).data ?? {};
}

/** `[api] url` → `PREFECT_API_URL`. PREFECT_CLIENT_CUSTOM_HEADERS alone is a table itself. */
function flat(tables: Record<string, unknown>, prefix = 'PREFECT'): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tables).flatMap(([key, value]): [string, unknown][] => {
      const name = `${prefix}_${key.toUpperCase()}`;
      if (name === 'PREFECT_CLIENT_CUSTOM_HEADERS' && typeof value === 'object') return [[name, JSON.stringify(value)]];
      const inner = table.safeParse(value);
      return inner.success ? Object.entries(flat(inner.data, name)) : [[name, value]];
    }),
  );
}

function upperCase(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key.toUpperCase(), value]));
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
