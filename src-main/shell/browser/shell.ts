/** The shell for a window that is a page in a browser: it has no dialogs, and files leave as downloads. */
import { AppError } from '../../contract/errors.ts';
import type { Shell } from '../../core/shell.ts';
import { hasDisplay, openInDefaultBrowser } from './browsers.ts';
import type { Downloads } from './downloads.ts';

const noFolder = 'Choose a format that is one file, or use “taskscope export” on the command line.';

export function browserShell(downloads: Downloads): Shell {
  return {
    capabilities: { save_dialog: false, reveal_file: false, open_file: false, links: 'page', notices: 'page' },
    chooseSavePath: async (suggested, folder) => {
      if (folder) throw new AppError('BAD_INPUT', 'a folder cannot be downloaded', { advice: noFolder });
      return { ...(await downloads.place(suggested)), overwrite: true };
    },
    openExternal: async (url) => hasDisplay() && openInDefaultBrowser(url),
    revealFile: () => Promise.resolve(),
    openFile: () => Promise.resolve(),
    secrets: null,
  };
}
