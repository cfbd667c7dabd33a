/**
 * The bridge between the page and main: sends and receives frames over one channel. Runs sandboxed as one CommonJS file, which may
 * import electron and types only.
 */
import { contextBridge, ipcRenderer } from 'electron';
import type { Bridge } from '../../rpc/channels.ts';

const CHANNEL = 'taskscope'; // equal to CHANNEL in electron-window.ts, which a sandboxed preload cannot import

const bridge: Bridge = {
  send: (frame) => ipcRenderer.send(CHANNEL, frame),
  receive: (listener) => {
    ipcRenderer.on(CHANNEL, (_event, frame: unknown) => listener(frame));
  },
};

contextBridge.exposeInMainWorld('taskscope', bridge);
