/**
 * What runs in Chromium: the preload in an isolated world with the few globals and the one module a sandboxed preload has,
 * and in the page's own world the far end of contextBridge. The two share the DOM only, so they talk through its events,
 * which are synchronous; functions become numbers on the way.
 */
import { readFileSync } from 'node:fs';
import { read, spell } from './values.ts';

export const PRELOAD_WORLD = 'stand-in preload';
/** the binding that only the preload's world has: to main */
export const TO_MAIN = '__standInToMain';
/** the function main calls in the preload's world */
export const FROM_MAIN = '__standInFromMain';

const VALUES = `const spell = ${spell.toString()}; const read = ${read.toString()};`;

type Send = (name: string, detail: string) => void;

/** Shared by both worlds: values cross, functions stay where they are and are called across. */
function crossing(
  mine: string,
  theirs: string,
): {
  say: Send;
  pack: (value: unknown) => string;
  unpack: (text: string) => unknown;
  hear: (name: string, listener: (detail: string) => void) => void;
  call: (id: number, args: unknown[]) => unknown;
} {
  const functions: ((...args: unknown[]) => unknown)[] = [];
  const say: Send = (name, detail) =>
    void window.dispatchEvent(new CustomEvent(`stand-in:${theirs}:${name}`, { detail }));
  const hear = (name: string, listener: (detail: string) => void) =>
    window.addEventListener(`stand-in:${mine}:${name}`, (event) => listener((event as CustomEvent<string>).detail));
  const pack = (value: unknown): string => {
    if (typeof value === 'function') return `f${functions.push(value as (...args: unknown[]) => unknown) - 1}`;
    return `v${spell(value)}`;
  };
  const unpack = (text: string): unknown => {
    if (text.startsWith('v')) return read(text.slice(1));
    const id = Number(text.slice(1));
    return (...args: unknown[]) => call(id, args);
  };
  let returned = '';
  const call = (id: number, args: unknown[]): unknown => {
    returned = '';
    say('call', JSON.stringify([id, ...args.map(pack)]));
    const answer = returned;
    if (answer.startsWith('!')) throw new Error(answer.slice(1)); // only the message crosses, as in Electron
    return unpack(answer);
  };
  hear('returned', (detail) => {
    returned = detail;
  });
  hear('call', (detail) => {
    const [id, ...args] = JSON.parse(detail) as [number, ...string[]];
    let answer: string;
    try {
      const result = functions[id]?.(...args.map(unpack));
      if (result instanceof Promise) throw new Error('stand-in: promises across contextBridge are not provided');
      answer = pack(result);
    } catch (thrown) {
      answer = `!${thrown instanceof Error ? thrown.message : String(thrown)}`;
    }
    say('returned', answer);
  });
  return { say, pack, unpack, hear, call };
}

/** The page's own world: what the preload exposes appears on `window`, frozen. */
function pageEnd(): void {
  const { hear, unpack } = crossing('page', 'preload');
  hear('expose', (detail) => {
    const [key, members] = JSON.parse(detail) as [string, [string, string][]];
    if (key in window) throw new Error(`stand-in: window.${key} is there already`);
    const api = Object.freeze(Object.fromEntries(members.map(([name, packed]) => [name, unpack(packed)])));
    Object.defineProperty(window, key, { value: api, enumerable: true });
  });
}

function preloadEnd(
  toMain: string,
  fromMain: string,
  run: (require: unknown, module: object, exports: object, process: object) => void,
): void {
  const { say, pack } = crossing('preload', 'page');
  const listeners = new Map<string, ((event: object, ...args: unknown[]) => void)[]>();
  const world = window as unknown as Record<string, unknown>;
  const send = world[toMain] as (text: string) => void;
  world[fromMain] = (channel: string, args: string) => {
    for (const listener of listeners.get(channel) ?? []) listener({}, ...(read(args) as unknown[]));
  };
  const only = (name: string, object: object) =>
    new Proxy(object, {
      get: (target, property) => {
        if (property in target) return Reflect.get(target, property) as unknown;
        throw new Error(`stand-in: ${name}.${String(property)} is not provided`);
      },
    });
  const contextBridge = only('contextBridge', {
    exposeInMainWorld: (key: string, api: Record<string, unknown>) =>
      say('expose', JSON.stringify([key, Object.entries(api).map(([name, value]) => [name, pack(value)])])),
  });
  const ipcRenderer = only('ipcRenderer', {
    send: (channel: string, ...args: unknown[]) => send(JSON.stringify([channel, spell(args)])),
    on: (channel: string, listener: (event: object, ...args: unknown[]) => void) =>
      void listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
    off: (channel: string, listener: (event: object, ...args: unknown[]) => void) =>
      void listeners.set(
        channel,
        (listeners.get(channel) ?? []).filter((one) => one !== listener),
      ),
  });
  const electron = only('electron (in a preload)', { contextBridge, ipcRenderer });
  const require = (name: string) => {
    if (name === 'electron') return electron;
    throw new Error(`stand-in: a sandboxed preload cannot require('${name}')`);
  };
  const module = { exports: {} };
  run(require, module, module.exports, { platform: 'linux', versions: {}, env: {}, sandboxed: true });
}

/** Text to evaluate at the start of every document, in the page's own world. */
export const pageScript = `{ ${VALUES} const crossing = ${crossing.toString()}; (${pageEnd.toString()})(); }`;

/** The same for the preload's world: the file is one CommonJS function body, as Electron runs it. Throws when it is not there. */
export function preloadScript(path: string): string {
  if (!path.endsWith('.cjs') && !path.endsWith('.js'))
    throw new Error(`stand-in: a sandboxed preload is CommonJS, not ${path}`);
  const text = readFileSync(path, 'utf8');
  const run = `(require, module, exports, process) => {\n${text}\n}`;
  return `{ ${VALUES} const crossing = ${crossing.toString()}; (${preloadEnd.toString()})(${JSON.stringify(TO_MAIN)}, ${JSON.stringify(FROM_MAIN)}, ${run}); }`;
}
