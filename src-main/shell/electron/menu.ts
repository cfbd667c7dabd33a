/** The native menu, of standard roles: copy, zoom and quit do what each system expects. The window's own commands are keys only. */
import { clipboard, Menu, shell, type MenuItemConstructorOptions } from 'electron';
import { pathsIn } from '../../core/files/paths.ts';

/** `diagnostics`: the text of `App.diagnostics`. */
export function setMenu(paths: { dataDir: string }, diagnostics: () => Promise<string>): void {
  const mac: MenuItemConstructorOptions[] = process.platform === 'darwin' ? [{ role: 'appMenu' }] : [];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...mac,
      {
        role: 'fileMenu',
        submenu: [
          { label: 'Show Data Folder', click: () => void shell.openPath(paths.dataDir) },
          { type: 'separator' },
          process.platform === 'darwin' ? { role: 'close' } : { role: 'quit' },
        ],
      },
      { role: 'editMenu' },
      {
        role: 'viewMenu',
        submenu: [
          { role: 'resetZoom' },
          { role: 'zoomIn' },
          { role: 'zoomOut' },
          { type: 'separator' },
          { role: 'togglefullscreen' },
          { role: 'toggleDevTools' },
        ],
      },
      { role: 'windowMenu' },
      {
        role: 'help',
        submenu: [
          // it works as well when the window does not
          { label: 'Copy Diagnostics', click: () => void diagnostics().then((text) => clipboard.writeText(text)) },
          { label: 'Show Log', click: () => shell.showItemInFolder(pathsIn(paths.dataDir).log) },
        ],
      },
    ]),
  );
}
