/** Where a secret comes from when the shell has no keychain: a file only its owner may read, or the environment. */
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { openJsonFile } from './json-file.ts';
import type { Secrets } from '../shell.ts';

const OWNER_ONLY = 0o600;

export async function fileSecrets(path: string): Promise<Secrets> {
  const file = await openJsonFile(path, z.record(z.string(), z.string()), {}, { mode: OWNER_ONLY });
  return {
    kind: 'file',
    get: (name) => Promise.resolve(file.get()[name] ?? null),
    set: (name, secret) => file.change((all) => ({ ...all, [name]: secret })),
    remove: async (name) => {
      if (!(name in file.get())) return;
      await file.change(({ [name]: _, ...rest }) => rest);
    },
  };
}

/** `first`, and what it lacks from `second`: a workspace added on the command line has its secrets in the file, which stays as it is. */
export function secretsOf(first: Secrets, second: Secrets): Secrets {
  return {
    kind: first.kind,
    get: async (name) => (await first.get(name)) ?? second.get(name),
    set: (name, secret) => first.set(name, secret),
    remove: async (name) => {
      await first.remove(name);
      await second.remove(name);
    },
  };
}

/** Throws SECRET_MISSING naming the variable. */
export function secretFromEnv(variable: string): string {
  const secret = process.env[variable];
  if (secret) return secret;
  throw new AppError('SECRET_MISSING', `environment variable ${variable} is not set`, { variable });
}
