/** Names of the files in the data folder, and where that folder is by default. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Each system's own place for app data; `TASKSCOPE_DATA_DIR` overrides it. */
export function defaultDataDir(): string {
  const { env, platform } = process;
  if (env.TASKSCOPE_DATA_DIR) return env.TASKSCOPE_DATA_DIR;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Taskscope');
  if (platform === 'win32') return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Taskscope');
  return join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'taskscope');
}

export type Paths = ReturnType<typeof pathsIn>;

export function pathsIn(dataDir: string) {
  return {
    dataDir,
    settings: join(dataDir, 'settings.json'),
    presets: join(dataDir, 'presets.json'),
    watches: join(dataDir, 'watches.json'),
    workspaces: join(dataDir, 'workspaces.json'),
    secrets: join(dataDir, 'secrets.json'),
    exports: join(dataDir, 'exports'),
    log: join(dataDir, 'taskscope.log'),
    /** `file`: a name; of a case file's archive, which lies elsewhere, its whole path */
    archive: (file: string) => resolve(dataDir, 'archives', file),
  };
}
