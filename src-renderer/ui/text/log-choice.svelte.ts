/** The chosen lines of a log view: by a click on a time, with the mouse across lines and beyond the pane's edge, by keys, from error to error. */
import type { LogLine } from '../../../src-main/contract/run.ts';
import { placeOf } from './log-pass.ts';

/** The view whose lines are chosen. Places are those among the lines shown. */
export type LogPane = {
  shown(): readonly LogLine[];
  list(): HTMLElement | null;
  scroller(): HTMLElement | null;
  /** the first and the last place in sight, as it was when `look` was called last */
  firstInSight(): number;
  lastInSight(): number;
  look(): void;
  /** scrolls until the line is in sight */
  reveal(place: number): void;
  /** copies the lines from one place up to another */
  copy(from: number, to: number): void;
};

/** px by which a drag beyond the pane scrolls it on with each frame. */
const DRAG_STEP = 38;

export class LogChoice {
  private readonly pane: LogPane;
  private lines = $state.raw<{ from: LogLine; to: LogLine } | null>(null);
  /** the line on which the button went down */
  private pressed: number | null = null;
  /** where the pointer is while it chooses lines */
  private pointer: { x: number; y: number } | null = null;

  constructor(pane: LogPane) {
    this.pane = pane;
  }

  /** Places; `head` is the one that the keys move on from. null: none is chosen. */
  readonly span = $derived.by(() => {
    const shown = this.pane.shown();
    if (!this.lines || shown.length === 0) return null;
    const at = (line: LogLine) => Math.min(placeOf(shown, line), shown.length - 1);
    const [a, b] = [at(this.lines.from), at(this.lines.to)];
    return { from: Math.min(a, b), to: Math.max(a, b), head: b };
  });

  has(place: number): boolean {
    return this.span !== null && place >= this.span.from && place <= this.span.to;
  }

  choose(place: number, extend = false): void {
    const shown = this.pane.shown();
    const line = shown[Math.max(0, Math.min(shown.length - 1, place))];
    if (line) this.lines = { from: (extend && this.lines?.from) || line, to: line };
  }

  private lineUnder(x: number, y: number): number | null {
    const item = document.elementFromPoint(x, y)?.closest<HTMLElement>('li[data-place]');
    return item && this.pane.list()?.contains(item) ? Number(item.dataset.place) : null;
  }

  press(event: PointerEvent): void {
    if (event.button !== 0 || event.pointerType === 'touch' || !(event.target instanceof Element)) return;
    if (event.target.closest('button')) return;
    const place = this.lineUnder(event.clientX, event.clientY);
    if (place === null) return;
    if (event.shiftKey) {
      event.preventDefault();
      this.choose(place, true);
    } else if (event.target.closest('time')) this.choose(place);
    else this.lines = null;
    this.pressed = place;
    this.pointer = null;
  }

  drag(event: PointerEvent): void {
    if (this.pressed === null) return;
    if ((event.buttons & 1) === 0) return this.drop();
    const over = this.lineUnder(event.clientX, event.clientY);
    // within one line text is selected as anywhere
    if (this.pointer === null && (over === null || over === this.pressed)) return;
    if (this.pointer === null) {
      if (!this.lines) this.choose(this.pressed);
      requestAnimationFrame(() => this.scrollOn());
    }
    this.pointer = { x: event.clientX, y: event.clientY };
    getSelection()?.removeAllRanges();
    if (over !== null) this.choose(over, true);
  }

  /** A pointer beyond the pane's edge scrolls it. */
  private scrollOn(): void {
    const box = this.pane.scroller();
    if (!this.pointer || !box) return;
    const { top, bottom } = box.getBoundingClientRect();
    const step = this.pointer.y < top ? -DRAG_STEP : this.pointer.y > bottom ? DRAG_STEP : 0;
    if (step !== 0) {
      box.scrollTop += step;
      this.pane.look();
      this.choose(step < 0 ? this.pane.firstInSight() : this.pane.lastInSight(), true);
    }
    requestAnimationFrame(() => this.scrollOn());
  }

  drop(): void {
    this.pressed = null;
    this.pointer = null;
  }

  key(event: KeyboardEvent): void {
    const { span } = this;
    const shown = this.pane.shown();
    const at = span?.head ?? this.pane.firstInSight() - 1;
    const step: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 };
    const to = step[event.key];
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === 'a') {
      if (shown.length > 0) this.lines = { from: shown[0], to: shown[shown.length - 1] };
    } else if (command && event.key.toLowerCase() === 'c' && span && getSelection()?.isCollapsed !== false) {
      this.pane.copy(span.from, span.to + 1);
    } else if (to !== undefined && !command && !event.altKey) {
      this.choose(to, event.shiftKey);
      this.pane.reveal(Math.max(0, Math.min(shown.length - 1, to)));
    } else if (event.key === 'Escape' && this.lines) {
      this.lines = null;
      event.stopPropagation();
    } else return;
    event.preventDefault();
  }
}
