/** Secrets for shells without a keychain: a file that only its owner may read, and the environment. */
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { openJsonFile } from './json-file.ts';
import type { Secrets } from '../shell.ts';

export async function fileSecrets(path: string, readOnly: AppError | null = null): Promise<Secrets> {
  const file = await openJsonFile(path, z.record(z.string(), z.string()), {}, { holds: 'secrets', readOnly });
  return {
    kind: 'file',
    setAside: file.setAside,
    get: (name) => Promise.resolve(Object.hasOwn(file.get(), name) ? file.get()[name] : null),
    set: (name, secret) => file.change((all) => ({ ...all, [name]: secret })),
    remove: async (name) => {
      if (!Object.hasOwn(file.get(), name)) return;
      await file.change(({ [name]: _, ...rest }) => rest);
    },
  };
}

/**
 * Reads from `first`, then from `second`, and writes to `first`: secrets of workspaces added on the command line stay in the file.
 * `readOnly`: why nothing may be written; null: it may.
 */
export function secretsOf(first: Secrets, second: Secrets, readOnly: AppError | null = null): Secrets {
  const refused = readOnly && (() => Promise.reject(readOnly));
  return {
    kind: first.kind,
    setAside: first.setAside,
    get: async (name) => (await first.get(name)) ?? second.get(name),
    set: refused ?? ((name, secret) => first.set(name, secret)),
    remove: async (name) => {
      await (refused?.() ?? first.remove(name));
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
