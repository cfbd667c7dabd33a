/** What a shell gives the core: all that differs between Electron, the browser host and the command line. */
import type { AppError } from '../contract/errors.ts';

export type Secrets = {
  /** 'keychain' of the system, 'file' with mode 0600, or 'session': memory, until the program ends */
  readonly kind: 'keychain' | 'file' | 'session';
  /** FILE_SET_ASIDE when the file that kept them could not be understood, else null */
  readonly setAside: AppError | null;
  get(name: string): Promise<string | null>;
  set(name: string, secret: string): Promise<void>;
  remove(name: string): Promise<void>;
};

export type SavePlace = {
  path: string;
  /** the address a browser page opens to receive the finished file, once */
  download: string | null;
  /** the person was asked, or nothing is there */
  overwrite: boolean;
};

export type Shell = {
  capabilities: {
    save_dialog: boolean;
    reveal_file: boolean;
    open_file: boolean;
    links: 'taskscope' | 'page';
    notices: 'shell' | 'page';
  };
  /** null when the person closed the dialog. `folder`: a folder of that name is made; `start`: the folder the dialog opens, null: the shell's own choice. Throws BAD_INPUT where it cannot be handed over */
  chooseSavePath(suggested: string, folder: boolean, start: string | null): Promise<SavePlace | null>;
  /** http and https only; the core has checked. false: no browser can be opened from here */
  openExternal(url: string): Promise<boolean>;
  revealFile(path: string): Promise<void>;
  /** with the program the system has for it. Throws NOT_FOUND when there is none */
  openFile(path: string): Promise<void>;
  /** shows it on the desktop; `onClick`: it was clicked, and a window is in front by then. Left out: windows show notices themselves */
  notify?: (notice: { title: string; body: string }, onClick: () => void) => void;
  /** shows a number at the app's icon; 0: none */
  badge?: (count: number) => void;
  /** null: the core keeps secrets in a file with mode 0600 in the data folder */
  secrets: Secrets | null;
};

/** A shell without dialogs, for the command line and tests. */
export const plainShell: Shell = {
  capabilities: { save_dialog: false, reveal_file: false, open_file: false, links: 'page', notices: 'page' },
  chooseSavePath: () => Promise.resolve(null),
  openExternal: () => Promise.resolve(false),
  revealFile: () => Promise.resolve(),
  openFile: () => Promise.resolve(),
  secrets: null,
};

type LogLevel = 'info' | 'warn' | 'error';
/** Logs one event. Fields are codes, counts, paths and names, never a secret. */
export type Log = (level: LogLevel, event: string, fields?: Record<string, unknown>) => void;
