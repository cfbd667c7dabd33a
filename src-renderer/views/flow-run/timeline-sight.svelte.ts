/** Which part of the time is in sight: zoomed and panned by keys, wheel and drag. Times in µs; `share`: of the length in sight, from its beginning. */
import { fitted, panned, zoomed, type Sight } from '../../ui/charts/gantt-scale.ts';

/** px the pointer moves before a press is a drag */
const DRAG_PX = 4;

export class TimelineSight {
  /** null: the whole, which follows what comes */
  chosen = $state.raw<Sight | null>(null);
  dragging = $state(false);
  private pressed: { x: number; y: number; sight: Sight } | null = null;
  private readonly whole: () => Sight;

  readonly now = $derived.by(() => this.chosen ?? fitted(this.whole()));

  /** `whole`: of the flow run, as far as it is known. */
  constructor(whole: () => Sight) {
    this.whole = whole;
  }

  fit(): void {
    this.chosen = null;
  }

  /** By `factor`, over 1 to see less of more; the middle stays where it is, or the moment at `share`. */
  zoom(factor: number, share = 0.5): void {
    const { from, to } = this.now;
    this.chosen = zoomed(this.now, factor, from + share * (to - from), this.whole());
  }

  pan(share: number): void {
    const { from, to } = this.now;
    this.chosen = panned(this.now, (to - from) * share, this.whole());
  }

  /** With Ctrl or Cmd it zooms at `share`, along the bars it pans; false: it scrolls the rows. `width`: of the bars, px. */
  wheel(event: WheelEvent, share: number, width: number): boolean {
    const along = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey)
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.004)), Math.max(0, share));
    else if (event.shiftKey || Math.abs(along) > Math.abs(event.deltaY)) this.pan(along / width);
    else return false;
    return true;
  }

  press(x: number, y: number): void {
    this.pressed = { x, y, sight: this.now };
  }

  /** px since the press, once it is a drag: `begins` with the first of them. null: none is under way. */
  drag(x: number, y: number, width: number): { begins: boolean; down: number } | null {
    const { pressed } = this;
    if (!pressed) return null;
    const begins = !this.dragging && Math.hypot(x - pressed.x, y - pressed.y) > DRAG_PX;
    if (begins) this.dragging = true;
    if (!this.dragging) return null;
    const { from, to } = pressed.sight;
    if (Math.abs(pressed.x - x) > DRAG_PX)
      this.chosen = panned(pressed.sight, ((pressed.x - x) / width) * (to - from), this.whole());
    return { begins, down: y - pressed.y };
  }

  release(): void {
    this.pressed = null;
    // the click that ends a drag comes after it
    setTimeout(() => (this.dragging = false));
  }
}
