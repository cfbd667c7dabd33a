/** What a shell gives the core: all differences between Electron, the browser host and the command line. */
export type Secrets = {
  /** how the words may call it: 'keychain', or 'file' with mode 0600 */
  readonly kind: 'keychain' | 'file' | 'session';
  get(name: string): Promise<string | null>;
  set(name: string, secret: string): Promise<void>;
  remove(name: string): Promise<void>;
};

export type Shell = {
  capabilities: { save_dialog: boolean; reveal_file: boolean };
  /** null when the person closed the dialog. `download`: the address a browser page opens to receive the finished file. */
  chooseSavePath(suggested: string): Promise<{ path: string; download: string | null } | null>;
  /** http and https only; the core has checked */
  openExternal(url: string): Promise<void>;
  revealFile(path: string): Promise<void>;
  /** null: the core keeps secrets in a file with mode 0600 in the data folder */
  secrets: Secrets | null;
};

/** The least a host can be: no dialogs. For the command line and tests. */
export const plainShell: Shell = {
  capabilities: { save_dialog: false, reveal_file: false },
  chooseSavePath: () => Promise.resolve(null),
  openExternal: () => Promise.resolve(),
  revealFile: () => Promise.resolve(),
  secrets: null,
};

export type LogLevel = 'info' | 'warn' | 'error';
/** One line an event. Fields never hold a secret: what goes in is codes, counts, paths and names. */
export type Log = (level: LogLevel, event: string, fields?: Record<string, unknown>) => void;
