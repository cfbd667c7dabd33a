/** The shell for a window that is a page in a browser: it has no dialogs, and files leave as downloads. */
import type { Shell } from '../core/shell.ts';
import { hasDisplay, openInDefaultBrowser } from './browsers.ts';
import type { Downloads } from './downloads.ts';

export function browserShell(downloads: Downloads): Shell {
  return {
    capabilities: { save_dialog: false, reveal_file: false },
    chooseSavePath: (suggested) => downloads.place(suggested),
    openExternal: async (url) => hasDisplay() && openInDefaultBrowser(url),
    revealFile: () => Promise.resolve(),
    secrets: null,
  };
}
