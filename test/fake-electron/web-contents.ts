/** One page of Chromium as Electron's WebContents: the preload's world, requests, navigation, and IPC both ways. */
import { EventEmitter } from 'node:events';
import { shiftClock } from '../fixtures/clock.mjs';
import { app, preventable } from './app.ts';
import { chromium } from './chromium.ts';
import type { Cdp } from './cdp.ts';
import { deliver } from './ipc.ts';
import { options } from './options.ts';
import { problem } from './problems.ts';
import { provided } from './provided.ts';
import { answerScheme, isCancelled, realUrl, shownAs } from './schemes.ts';
import { read, spell } from './values.ts';
import { FROM_MAIN, pageScript, PRELOAD_WORLD, preloadScript, TO_MAIN } from './worlds.ts';

type Paused = {
  requestId: string;
  resourceType: string;
  frameId: string;
  request: { url: string; method: string; headers: Record<string, string> };
};
type WindowOpen = (details: { url: string }) => { action: string };

let firstTargetTaken = false;

/** A request goes without the fragment. */
const requested = (url: string) => url.split('#', 1)[0] ?? url;
/** A page that is reloaded takes its paused requests along: Chromium does not know them any more. */
const isOfPageLeft = (thrown: unknown) => String(thrown).includes('Invalid InterceptionId');

export class WebContents extends EventEmitter {
  readonly mainFrame = provided('webFrameMain', { url: '', origin: 'null' });
  #cdp: Cdp | null = null;
  #session = '';
  #target = '';
  #mainFrameId = '';
  #preloadContext: number | null = null;
  /** main to page while the preload's world is not there */
  #held: string[] = [];
  #destroyed = false;
  #openHandler: WindowOpen | null = null;
  /** addresses that main itself asked for: they are not the page's navigations */
  readonly #asked = new Set<string>();
  readonly #preload: string;
  readonly self: WebContents;
  readonly attached: Promise<void>;

  constructor(preload: string) {
    super();
    this.#preload = preload;
    this.self = provided('webContents', this);
    this.attached = this.#attach();
    this.attached.catch((thrown: unknown) => problem(`window: ${String(thrown)}`));
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  getURL(): string {
    return this.mainFrame.url;
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.#destroyed) throw new Error('Object has been destroyed');
    const call = `window[${JSON.stringify(FROM_MAIN)}](${JSON.stringify(channel)}, ${JSON.stringify(spell(args))})`;
    if (this.#preloadContext === null) this.#held.push(call);
    else this.#evaluate(call, this.#preloadContext);
  }

  setWindowOpenHandler(handler: WindowOpen): void {
    this.#openHandler = handler;
  }

  reload(): void {
    this.#asked.add(requested(this.mainFrame.url));
    this.#send('Page.reload');
  }

  async loadURL(url: string): Promise<void> {
    await this.attached;
    this.#asked.add(requested(url));
    const done = new Promise<void>((resolve) => this.once('did-finish-load', () => resolve()));
    const { errorText } = await this.#command<{ errorText?: string }>('Page.navigate', { url: shownAs(url) });
    if (errorText) throw new Error(`${errorText} (${url})`);
    await done;
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) return;
    await this.attached.catch(() => undefined);
    this.#destroyed = true;
    this.emit('destroyed');
    // the browser ends with its last page, so that page only becomes empty
    await this.#cdp?.send('Page.navigate', { url: 'about:blank' }, this.#session).catch(() => undefined);
  }

  async #attach(): Promise<void> {
    const { cdp } = await chromium();
    this.#cdp = cdp;
    if (firstTargetTaken)
      this.#target = (await cdp.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })).targetId;
    else {
      firstTargetTaken = true;
      const { targetInfos } = await cdp.send<{ targetInfos: { type: string; targetId: string }[] }>(
        'Target.getTargets',
      );
      this.#target = targetInfos.find(({ type }) => type === 'page')?.targetId ?? '';
    }
    const { sessionId } = await cdp.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId: this.#target,
      flatten: true,
    });
    this.#session = sessionId;
    this.#listen(cdp);
    const { frameTree } = await this.#command<{ frameTree: { frame: { id: string } } }>('Page.getFrameTree');
    this.#mainFrameId = frameTree.frame.id;
    await this.#command('Page.enable');
    await this.#command('Runtime.enable');
    await this.#command('Fetch.enable', { patterns: [{ urlPattern: '*' }] });
    await this.#command('Runtime.addBinding', { name: TO_MAIN, executionContextName: PRELOAD_WORLD });
    if (options.clockOffset)
      await this.#command('Page.addScriptToEvaluateOnNewDocument', {
        source: `(${shiftClock.toString()})(${options.clockOffset});`,
      });
    await this.#command('Page.addScriptToEvaluateOnNewDocument', { source: pageScript });
    await this.#command('Page.addScriptToEvaluateOnNewDocument', {
      source: preloadScript(this.#preload),
      worldName: PRELOAD_WORLD,
    });
  }

  #listen(cdp: Cdp): void {
    const on = <P>(method: string, listener: (params: P) => void) => cdp.on<P>(this.#session, method, listener);
    on<Paused>('Fetch.requestPaused', (paused) => {
      this.#request(paused).catch((thrown: unknown) => {
        if (!this.#destroyed && !isOfPageLeft(thrown)) problem(`request for ${paused.request.url}: ${String(thrown)}`);
      });
    });
    on<{ name: string; payload: string }>('Runtime.bindingCalled', ({ name, payload }) => {
      if (name !== TO_MAIN || this.#destroyed) return;
      const [channel, args] = JSON.parse(payload) as [string, string];
      deliver(channel, { sender: this.self, senderFrame: this.mainFrame }, read(args) as unknown[]);
    });
    on<{ context: { id: number; name: string; auxData: { frameId: string } } }>(
      'Runtime.executionContextCreated',
      ({ context }) => {
        if (context.name !== PRELOAD_WORLD || context.auxData.frameId !== this.#mainFrameId) return;
        this.#preloadContext = context.id;
        const held = this.#held;
        this.#held = [];
        for (const call of held) this.#evaluate(call, context.id);
      },
    );
    on<{ executionContextId: number }>('Runtime.executionContextDestroyed', ({ executionContextId }) => {
      if (executionContextId === this.#preloadContext) this.#preloadContext = null;
    });
    on<{ exceptionDetails: { text: string; exception?: { description?: string } } }>(
      'Runtime.exceptionThrown',
      ({ exceptionDetails }) => {
        problem(`page error: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
      },
    );
    on('Page.loadEventFired', () => {
      this.emit('did-finish-load');
    });
    on<{ frame: { id: string; url: string; parentId?: string } }>('Page.frameNavigated', ({ frame }) => {
      if (!frame.parentId) this.#moved(frame.url);
    });
    on<{ frameId: string; url: string }>('Page.navigatedWithinDocument', ({ frameId, url }) => {
      if (frameId === this.#mainFrameId) this.#moved(url);
    });
    on<{ url: string }>('Page.windowOpen', ({ url }) => {
      const answer = this.#openHandler?.({ url: realUrl(url) ?? url });
      if (answer?.action !== 'deny') problem(`a child window for ${url} was not denied: not provided`);
      void this.#closePopups();
    });
    on('Inspector.targetCrashed', () => {
      problem('the page crashed');
      this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 });
    });
  }

  #moved(shown: string): void {
    const url = realUrl(shown) ?? shown;
    this.mainFrame.url = url;
    const parsed = /^([a-z]+:\/\/[^/]*)/.exec(url);
    this.mainFrame.origin = parsed?.[1] ?? 'null';
  }

  async #closePopups(): Promise<void> {
    const { targetInfos } = await this.#browser<{ targetInfos: { targetId: string; openerId?: string }[] }>(
      'Target.getTargets',
    );
    for (const { targetId, openerId } of targetInfos)
      if (openerId === this.#target) await this.#browser('Target.closeTarget', { targetId });
  }

  async #request({ requestId, resourceType, frameId, request }: Paused): Promise<void> {
    const url = realUrl(request.url);
    if (resourceType === 'Document' && frameId === this.#mainFrameId && !this.#startNavigation(url ?? request.url))
      return void (await this.#command('Fetch.failRequest', { requestId, errorReason: 'Aborted' }));
    if (url === null) {
      const cancelled = await isCancelled(request.url, request.method);
      if (cancelled) await this.#command('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' });
      else await this.#command('Fetch.continueRequest', { requestId });
      return;
    }
    const response = await answerScheme(url, request.method, request.headers);
    await this.#command('Fetch.fulfillRequest', {
      requestId,
      responseCode: response.status,
      responseHeaders: [...response.headers].map(([name, value]) => ({ name, value })),
      body: Buffer.from(await response.arrayBuffer()).toString('base64'),
    });
  }

  /** false: the app forbids it */
  #startNavigation(url: string): boolean {
    if (!this.#asked.delete(url)) {
      const event = preventable();
      this.emit('will-navigate', event, url);
      if (event.defaultPrevented) return false;
    }
    this.emit('did-start-navigation', { url, isMainFrame: true, isSameDocument: false });
    return true;
  }

  #evaluate(expression: string, contextId: number): void {
    this.#command<{ exceptionDetails?: { exception?: { description?: string } } }>('Runtime.evaluate', {
      expression,
      contextId,
    }).then(
      ({ exceptionDetails }) => {
        if (exceptionDetails) problem(`in the preload: ${exceptionDetails.exception?.description ?? 'threw'}`);
      },
      () => undefined, // the page it was for has gone
    );
  }

  #send(method: string, params: object = {}): void {
    this.#command(method, params).catch((thrown: unknown) => {
      if (!this.#destroyed) problem(`${method}: ${String(thrown)}`);
    });
  }

  #command<T>(method: string, params: object = {}): Promise<T> {
    if (!this.#cdp) return Promise.reject(new Error(`${method}: the window is not attached yet`));
    return this.#cdp.send<T>(method, params, this.#session);
  }

  #browser<T>(method: string, params: object = {}): Promise<T> {
    if (!this.#cdp) return Promise.reject(new Error(`${method}: the window is not attached yet`));
    return this.#cdp.send<T>(method, params);
  }
}

/** For the type check: the event's shape is Electron's. */
export type Sender = { sender: WebContents; senderFrame: { url: string; origin: string } };
void app;
