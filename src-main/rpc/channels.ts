/** A transport is send, receive, closed; everything else is the protocol's. One adapter per thing that can carry frames. */

export type Channel = {
  /** must not throw once closed; `transfer` is honoured where the transport can and ignored where it cannot */
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
  send(data: string): void;
  close(): void;
  addEventListener(event: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(event: 'close' | 'error', listener: () => void): void;
};

/** A browser's WebSocket or one of the `ws` package. Frames are JSON text; the socket must be open. */
export function socketChannel(socket: WebSocketLike): Channel {
  const OPEN = 1;
  return {
    send: (frame) => {
      if (socket.readyState === OPEN) socket.send(JSON.stringify(frame));
    },
    onMessage: (listener) =>
      socket.addEventListener('message', (event) => {
        let frame: unknown;
        try {
          frame = JSON.parse(String(event.data));
        } catch {
          socket.close(); // not our protocol: a peer that sends this cannot be answered
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
    onClose: () => undefined, // the page and main live and die together
    close: () => undefined,
  };
}
