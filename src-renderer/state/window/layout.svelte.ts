/** Widths of the panes and what a narrow window leaves out: nothing lies over the list but what a person has asked for. */
import { app } from './app.svelte.ts';
import { selection } from './selection.svelte.ts';

/** In a window narrower than this, in px, the filter panel makes room for an open run. */
const NARROW = 1100;
/** The grid keeps at least this much beside the filter panel, in px. */
const GRID_MIN = 420;
/** With this much, in px, the grid has its first columns side by side; in a narrow window an open run is narrower before it is resized. */
const GRID_WHOLE = 580;
/** The grid keeps at least this much beside an open run, in px. In a window without room for both the run takes all of it. */
const GRID_LEAST = 320;
export const PANEL = { min: 196, max: 420 };
export const DETAIL = { min: 320, max: 900 };

class Layout {
  windowWidth = $state(typeof window === 'undefined' ? 1440 : window.innerWidth);
  private panelWanted = $state(true);
  /** the panel is wanted where it has no room: it lies over the list until the run is closed or it is hidden again */
  private panelOver = $state(false);
  private dragPanel = $state<number | null>(null);
  private dragDetail = $state<number | null>(null);

  panelWidth = $derived(clamp(this.dragPanel ?? app.settings.panel_width, PANEL.min, PANEL.max));
  /** the open run has the whole window, and the list behind it is out of reach */
  detailAlone = $derived(selection.id !== null && this.windowWidth < GRID_LEAST + DETAIL.min);
  /** the panel has no room beside the list */
  private crowded = $derived(
    (selection.id !== null && this.windowWidth < NARROW) || this.windowWidth - this.panelWidth < GRID_MIN,
  );
  /** where the filter panel is */
  panel = $derived<'beside' | 'over' | 'hidden'>(
    this.crowded ? (this.panelOver ? 'over' : 'hidden') : this.panelWanted ? 'beside' : 'hidden',
  );
  private detailWish = $derived(
    this.windowWidth < NARROW
      ? Math.min(app.settings.detail_width, this.windowWidth - GRID_WHOLE)
      : app.settings.detail_width,
  );
  detailMax = $derived(
    Math.max(
      DETAIL.min,
      Math.min(DETAIL.max, this.windowWidth - (this.panel === 'beside' ? this.panelWidth + GRID_MIN : GRID_LEAST)),
    ),
  );
  detailWidth = $derived(
    this.detailAlone ? this.windowWidth : clamp(this.dragDetail ?? this.detailWish, DETAIL.min, this.detailMax),
  );

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      if (!this.crowded) this.panelOver = false;
    });
  }

  togglePanel(): void {
    if (this.crowded) this.panelOver = !this.panelOver;
    else this.panelWanted = !this.panelWanted;
  }
  resizePanel(width: number): void {
    this.dragPanel = width;
  }
  settlePanel(width: number): void {
    this.dragPanel = null;
    void app.save({ panel_width: width });
  }
  resizeDetail(width: number): void {
    this.dragDetail = width;
  }
  settleDetail(width: number): void {
    void app.save({ detail_width: width });
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

export const layout = new Layout();
