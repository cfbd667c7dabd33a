/** The native menu, of standard roles: copy, zoom and quit do what each system expects. The window's own commands are keys only. */
import { Menu, shell, type MenuItemConstructorOptions } from 'electron';

export function setMenu(paths: { dataDir: string }): void {
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
    ]),
  );
}
