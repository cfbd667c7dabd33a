/** Where the graph is looked at from: fitted, zoomed and panned by buttons, wheel and drag. */

/** px of the graph. */
type Box = { x: number; y: number; width: number; height: number };

/** scale: smallest, largest, and that of a small graph that is fitted */
const [LEAST, MOST, FITTED] = [0.04, 3, 1.1];
/** px the pointer moves before a press is a drag */
const DRAG_PX = 4;

export class GraphEye {
  /** px of the graph at the left top corner, and scale */
  at = $state.raw({ x: 0, y: 0, scale: 1 });
  /** px on screen */
  size = $state.raw({ width: 900, height: 500 });
  dragging = $state(false);
  /** what `fit` last looked at; null: it has not yet */
  private whole: { x: number; y: number; scale: number } | null = null;
  private pressed: { x: number; y: number; from: { x: number; y: number; scale: number } } | null = null;

  readonly seen = $derived({
    x: this.at.x,
    y: this.at.y,
    right: this.at.x + this.size.width / this.at.scale,
    bottom: this.at.y + this.size.height / this.at.scale,
  });

  /** `width` and `height` of the whole graph, px. One that would be smaller than scale `least` is seen from its beginning, at the left. */
  fit(width: number, height: number, least = LEAST): void {
    const { size } = this;
    const scale = Math.min(
      FITTED,
      Math.max(least, Math.min(size.width / Math.max(1, width), size.height / Math.max(1, height))),
    );
    this.centre({ x: 0, y: 0, width, height }, scale);
    if (width * scale > size.width) this.at = { ...this.at, x: 0 };
    this.whole = this.at;
  }

  get isWhole(): boolean {
    return this.whole === null || this.at === this.whole;
  }

  /** The point x, y on screen stays where it is; the middle by default. */
  zoom(factor: number, x = this.size.width / 2, y = this.size.height / 2): void {
    const { at } = this;
    const scale = Math.min(MOST, Math.max(LEAST, at.scale * factor));
    this.at = { x: at.x + x / at.scale - x / scale, y: at.y + y / at.scale - y / scale, scale };
  }

  /** Brings a box into sight at `least` scale or more. */
  show(box: Box, least: number): void {
    const scale = Math.max(this.at.scale, least);
    const { seen } = this;
    const inside =
      scale === this.at.scale &&
      box.x > seen.x &&
      box.x + box.width < seen.right &&
      box.y > seen.y &&
      box.y + box.height < seen.bottom;
    if (!inside) this.centre(box, scale);
  }

  /** `x`, `y`: of the pointer in the drawing, as in `press` and `drag`. */
  wheel(event: WheelEvent, x: number, y: number): void {
    const unit = event.deltaMode === 1 ? 16 : 1;
    if (event.ctrlKey || event.metaKey) return this.zoom(Math.exp(-event.deltaY * unit * 0.004), x, y);
    const along = event.shiftKey && event.deltaX === 0;
    const [dx, dy] = along ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    const { at } = this;
    this.at = { ...at, x: at.x + (dx * unit) / at.scale, y: at.y + (dy * unit) / at.scale };
  }

  press(x: number, y: number): void {
    this.pressed = { x, y, from: this.at };
  }

  /** True when a drag begins with it. */
  drag(x: number, y: number): boolean {
    const { pressed } = this;
    if (!pressed) return false;
    const begins = !this.dragging && Math.hypot(x - pressed.x, y - pressed.y) > DRAG_PX;
    if (begins) this.dragging = true;
    const { from } = pressed;
    if (this.dragging)
      this.at = { ...from, x: from.x - (x - pressed.x) / from.scale, y: from.y - (y - pressed.y) / from.scale };
    return begins;
  }

  release(): void {
    this.pressed = null;
    // the click that ends a drag comes after it
    setTimeout(() => (this.dragging = false));
  }

  private centre({ x, y, width, height }: Box, scale: number): void {
    const { size } = this;
    this.at = { x: x + width / 2 - size.width / scale / 2, y: y + height / 2 - size.height / scale / 2, scale };
  }
}
