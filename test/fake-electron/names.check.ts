/** Types only: every name the stand-in offers exists in electron.d.ts, so that a test cannot pass on an API that Electron lacks. */
import type * as real from 'electron';
import type * as fake from './electron.ts';

/** Names of `Offered` that `Known` lacks. */
type Unknown<Offered, Known> = Exclude<keyof Offered, keyof Known>;
type None<T extends never> = T;

export type Checks = [
  None<Unknown<typeof fake, typeof real>>,
  None<Unknown<typeof fake.app, typeof real.app>>,
  None<Unknown<typeof fake.ipcMain, typeof real.ipcMain>>,
  None<Unknown<typeof fake.shell, typeof real.shell>>,
  None<Unknown<typeof fake.dialog, typeof real.dialog>>,
  None<Unknown<typeof fake.protocol, typeof real.protocol>>,
  None<Unknown<typeof fake.session, typeof real.session>>,
  None<Unknown<typeof fake.session.defaultSession, typeof real.session.defaultSession>>,
  None<Unknown<typeof fake.session.defaultSession.webRequest, typeof real.session.defaultSession.webRequest>>,
  None<Unknown<typeof fake.safeStorage, typeof real.safeStorage>>,
  None<Unknown<typeof fake.screen, typeof real.screen>>,
  None<Unknown<typeof fake.Notification, typeof real.Notification>>,
  None<Unknown<InstanceType<typeof fake.Notification>, real.Notification>>,
  None<Unknown<typeof fake.clipboard, typeof real.clipboard>>,
  None<Unknown<typeof fake.Menu, typeof real.Menu>>,
  None<Unknown<typeof fake.BrowserWindow, typeof real.BrowserWindow>>,
  None<Unknown<InstanceType<typeof fake.BrowserWindow>, real.BrowserWindow>>,
  None<
    Exclude<
      Unknown<InstanceType<typeof fake.BrowserWindow>['webContents'], real.WebContents>,
      'self' | 'attached' | 'destroy'
    >
  >,
  None<Unknown<InstanceType<typeof fake.BrowserWindow>['webContents']['mainFrame'], real.WebFrameMain>>,
];
