/** Keeps secrets in one file, encrypted with a key from the system's keychain (Electron's safeStorage). */
import { safeStorage } from 'electron';
import { z } from 'zod';
import { openJsonFile } from '../../core/files/json-file.ts';
import type { Secrets } from '../../core/shell.ts';

/**
 * On Linux without a keyring safeStorage uses `basic_text`, a key that stands in Electron's source. Then nothing is written, secrets
 * last until the app ends, and the kind is 'session'.
 */
export async function keychainSecrets(path: string): Promise<Secrets> {
  const weak = process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text';
  if (weak || !safeStorage.isEncryptionAvailable()) return sessionSecrets();
  const file = await openJsonFile(path, z.record(z.string(), z.string()), {}, { holds: 'secrets' });
  return {
    kind: 'keychain',
    setAside: file.setAside,
    get: (name) => {
      const kept = file.get()[name];
      return Promise.resolve(kept === undefined ? null : safeStorage.decryptString(Buffer.from(kept, 'base64')));
    },
    set: (name, secret) =>
      file.change((all) => ({ ...all, [name]: safeStorage.encryptString(secret).toString('base64') })),
    remove: async (name) => {
      if (!(name in file.get())) return;
      await file.change(({ [name]: _, ...rest }) => rest);
    },
  };
}

function sessionSecrets(): Secrets {
  const kept = new Map<string, string>();
  return {
    kind: 'session',
    setAside: null,
    get: (name) => Promise.resolve(kept.get(name) ?? null),
    set: (name, secret) => Promise.resolve(void kept.set(name, secret)),
    remove: (name) => Promise.resolve(void kept.delete(name)),
  };
}
