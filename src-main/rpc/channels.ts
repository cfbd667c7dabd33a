/** Transports for the protocol of rpc.ts: each adapter makes a `Channel` of one thing that carries frames. */

export type Channel = {
  /** Must not throw once closed. Buffers in `transfer` are moved by ports and copied by every other transport. */
  send(frame: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (frame: unknown) => void): void;
  onClose(listener: () => void): void;
  close(): void;
};

type NodePortLike = {
  postMessage(value: unknown, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (value: unknown) => void): unknown;
  on(event: 'close' | 'exit', listener: () => void): unknown;
  close?(): void;
};

/** A worker_threads MessagePort or Worker. Frames are structured clones. */
export function portChannel(port: NodePortLike): Channel {
  return {
    send: (frame, transfer) => port.postMessage(frame, transfer),
    onMessage: (listener) => void port.on('message', listener),
    onClose: (listener) => {
      port.on('close', listener);
      port.on('exit', listener);
    },
    close: () => port.close?.(),
  };
}

type WebSocketLike = {
  readyState: number;
  /** bytes that were sent and not yet taken by the peer */
  bufferedAmount: number;
  send(data: string): void;
  close(): void;
  terminate?(): void;
  addEventListener(event: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(event: 'close' | 'error', listener: () => void): void;
};

/** Most bytes that may wait for a peer to read them; beyond that the peer is cut off. An answer of 1,000 rows is 1 MB. */
export const MAX_WAITING = 64 * 1024 * 1024;

/** A browser's WebSocket or one of the `ws` package. Frames are JSON text; the socket must be open. */
export function socketChannel(socket: WebSocketLike): Channel {
  const OPEN = 1;
  return {
    send: (frame) => {
      if (socket.readyState !== OPEN) return;
      socket.send(JSON.stringify(frame));
      // `close` waits behind those bytes, so a socket of `ws` is terminated; a browser's has only `close`
      if (socket.bufferedAmount > MAX_WAITING) (socket.terminate ?? socket.close).call(socket);
    },
    onMessage: (listener) =>
      socket.addEventListener('message', (event) => {
        let frame: unknown;
        try {
          frame = JSON.parse(String(event.data));
        } catch {
          socket.close(); // not JSON, so not this protocol: there is no call to answer
          return;
        }
        listener(frame);
      }),
    onClose: (listener) => socket.addEventListener('close', listener),
    close: () => socket.close(),
  };
}

/** The two-method bridge that the Electron preload exposes. */
export type Bridge = { send(frame: unknown): void; receive(listener: (frame: unknown) => void): void };

export function bridgeChannel(bridge: Bridge): Channel {
  return {
    send: (frame) => bridge.send(frame),
    onMessage: (listener) => bridge.receive(listener),
    onClose: () => undefined, // a page has its bridge until it is gone itself
    close: () => undefined,
  };
}
