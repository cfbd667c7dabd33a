/** electron.ipcMain. A frame on a channel that nobody listens to is a mistake in one of the two names. */
import { EventEmitter } from 'node:events';
import { problem } from './problems.ts';

export const ipcMain = new EventEmitter();

export function deliver(channel: string, event: object, args: unknown[]): void {
  if (ipcMain.listenerCount(channel) === 0) problem(`a page sent on "${channel}", where nobody listens`);
  else ipcMain.emit(channel, event, ...args);
}
