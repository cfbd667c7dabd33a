/**
 * The window's only door to the core. In Electron the preload's two-method bridge carries the frames; in the browser
 * shell a WebSocket does, after the one-use ticket in the address was traded for a cookie. `api` stays the same object
 * over reconnects: calls fail with DISCONNECTED while the connection is down, and the owner of a stream asks again on 'up'.
 */
import { z } from 'zod';
import { contract, type Contract } from '../src-main/contract/calls.ts';
import { AppError } from '../src-main/contract/errors.ts';
import { pause } from '../src-main/contract/time.ts';
import { bridgeChannel, socketChannel, type Bridge } from '../src-main/rpc/channels.ts';
import type { Client } from '../src-main/contract/define.ts';
import { connect } from '../src-main/rpc/rpc.ts';

// zod's compiled parsers use `new Function`, which the page's content security policy refuses
z.config({ jitless: true });

declare global {
  interface Window {
    /** exposed by the Electron preload, absent in a browser */
    taskscope?: Bridge;
  }
}

/** `refused`: the page has no ticket and no session, `outlived`: Taskscope was started anew; only opening the printed address helps. */
export type LinkState = 'connecting' | 'up' | 'lost' | 'refused' | 'outlived';
export type Api = Client<Contract>;

export type Link = {
  api: Api;
  /** the listener hears the present state at once, then every change; returns how to stop */
  onState(listener: (state: LinkState) => void): () => void;
};

/** Between two tries, in ms: soon at first, then every 3 s for as long as the window is open. */
const RETRY_MS = [150, 400, 1000, 3000];

export function openLink(): Link {
  let current: Api | null = null;
  let state: LinkState = 'connecting';
  const listeners = new Set<(state: LinkState) => void>();

  const enter = (next: LinkState, api: Api | null) => {
    current = api;
    state = next;
    for (const listener of listeners) listener(state);
  };

  if (window.taskscope) enter('up', connect(contract, bridgeChannel(window.taskscope)));
  else void keepSocket(enter);

  const down = () => new AppError('DISCONNECTED', 'no connection to Taskscope');
  const api: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(contract)) {
    const ask = (input: unknown, options: unknown) => {
      const method = (current as Record<string, (input: unknown, options: unknown) => unknown> | null)?.[name];
      if (!method) throw down();
      return method(input, options);
    };
    api[name] =
      member.kind === 'call'
        ? async (input: unknown, options?: unknown) => ask(input, options)
        : async function* (input: unknown, options?: unknown) {
            yield* ask(input, options) as AsyncGenerator<unknown>;
          };
  }
  return {
    api: api as Api,
    onState(listener) {
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
  };
}

async function keepSocket(enter: (state: LinkState, api: Api | null) => void): Promise<void> {
  const ticket = location.hash.slice(1);
  // with a slash it says what to show: see way-back.svelte.ts
  if (ticket && !ticket.startsWith('/')) {
    // out of the address bar and the history before anything else: it is a password that works once
    history.replaceState(null, '', location.pathname + location.search);
    await tradeTicket(ticket);
  }
  let wasUp = false;
  for (let tries = 0; ; tries += 1) {
    const socket = new WebSocket(new URL('rpc', location.href).href.replace(/^http/, 'ws'));
    if (await opened(socket)) {
      const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve(), { once: true }));
      enter('up', connect(contract, socketChannel(socket)));
      wasUp = true;
      tries = -1;
      await closed;
    }
    enter(wasUp ? ((await isOutlived()) ? 'outlived' : 'lost') : tries < 2 ? 'connecting' : 'refused', null);
    await pause(RETRY_MS[Math.min(Math.max(tries, 0), RETRY_MS.length - 1)] ?? 3000);
  }
}

/** A refused ticket is not fatal: a reload of a page that already has its session also comes here. */
async function tradeTicket(ticket: string): Promise<void> {
  try {
    await fetch(new URL('session', location.href), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ticket }),
    });
  } catch {
    // the host is gone: the socket fails next and the window says so
  }
}

/** Another start listens where this page came from; the name that the page asks under is of an earlier one. */
async function isOutlived(): Promise<boolean> {
  try {
    return (await fetch(location.pathname, { method: 'HEAD', cache: 'no-store' })).status === 421;
  } catch {
    return false; // nothing listens there
  }
}

function opened(socket: WebSocket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true });
    socket.addEventListener('close', () => resolve(false), { once: true });
  });
}
