/** The scaled scroll of grid-scroll.ts on a real element: reads its events, writes its scrollTop, settles after a rest. */
import { tick, untrack } from 'svelte';
import {
  moveTo,
  REST_MS,
  rested,
  scrolled,
  settled,
  topOf,
  topShowing,
  type Extent,
  type Moved,
  type ScrollState,
} from './grid-scroll.ts';

export class GridScroller {
  readonly #element: () => HTMLElement | undefined;
  readonly #extent: () => Extent;
  #state = $state.raw<ScrollState>({ scroll: 0, offset: 0 });
  /** scrollTop as last read, px: reading it from the element forces a layout, 28 ms with the first rows */
  #scrollTop = 0;
  #dragged = false;
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(element: () => HTMLElement | undefined, extent: () => Extent) {
    this.#element = element;
    this.#extent = extent;
    /** The extent the scroll state was made for: another count or height keeps the place. */
    let last = untrack(extent);
    $effect(() => {
      const next = extent();
      untrack(() => {
        const before = last;
        last = next;
        if (before.total === next.total && before.view === next.view) return;
        // the spacer has its new height only after this flush
        void tick().then(() => this.#take(moveTo(topOf(this.#state, before), next)));
      });
    });
    $effect(() => () => clearTimeout(this.#resting));
  }

  /** px of the whole list above the first pixel on screen */
  get top(): number {
    return topOf(this.#state, this.#extent());
  }

  /** px between the list's own coordinates and the spacer's */
  get offset(): number {
    return this.#state.offset;
  }

  /** Once what changed is on screen, goes to `top` px. */
  goTo(top: number): void {
    void tick().then(() => this.#take(moveTo(top, this.#extent())));
  }

  /** Once what changed is on screen, goes on by `px`: rows came in above, and those on screen stay where they are. */
  shift(px: number): void {
    void tick().then(() => this.#take(moveTo(this.top + px, this.#extent())));
  }

  /** Moves as little as shows the row. */
  show(index: number, row: number): void {
    const extent = this.#extent();
    const wanted = topShowing(index, this.top, extent.view, row);
    if (Math.abs(wanted - this.top) >= 1) this.#take(moveTo(wanted, extent));
  }

  readonly onscroll = (): void => {
    const element = this.#element();
    if (!element) return;
    this.#scrollTop = element.scrollTop;
    this.#take(scrolled(this.#state, this.#scrollTop, this.#extent(), this.#dragged));
    this.#restLater();
  };

  readonly onpointerdown = (event: PointerEvent): void => {
    const element = this.#element();
    // beyond the content is the scrollbar
    if (element && event.target === element && event.offsetX >= element.clientWidth) this.#dragged = true;
  };

  /** Some browsers send no pointerup for a scrollbar: a move without buttons or a wheel ends the hold too. */
  readonly release = (event: PointerEvent | WheelEvent): void => {
    if (!this.#dragged || (event.type === 'pointermove' && event.buttons !== 0)) return;
    this.#dragged = false;
    this.#restLater();
  };

  #restLater(): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      if (!this.#dragged) this.#take(rested(this.#state, this.#extent()));
    }, REST_MS);
  }

  #take(moved: Moved): void {
    this.#state = moved.state;
    const element = this.#element();
    if (moved.set === null || !element) return;
    if (moved.set === 0 && this.#scrollTop === 0) {
      this.#state = settled(moved.state, 0);
      return;
    }
    element.scrollTop = moved.set;
    this.#scrollTop = element.scrollTop;
    this.#state = settled(moved.state, this.#scrollTop);
  }
}
