/**
 * The whole bridge between the page and main: send a frame, receive frames, over one channel. Runs sandboxed, as one
 * CommonJS file; it may import nothing but electron and types.
 */
import { contextBridge, ipcRenderer } from 'electron';
import type { Bridge } from '../rpc/channels.ts';

const CHANNEL = 'taskscope'; // the same word as in electron-window.ts, which a sandboxed preload cannot import

const bridge: Bridge = {
  send: (frame) => ipcRenderer.send(CHANNEL, frame),
  receive: (listener) => {
    ipcRenderer.on(CHANNEL, (_event, frame: unknown) => listener(frame));
  },
};

contextBridge.exposeInMainWorld('taskscope', bridge);
