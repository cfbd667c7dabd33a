/** Widths of the panes and what a narrow window leaves out. */
import { app } from './app.svelte.ts';

/** Below this the detail pane lies over the grid instead of beside it, in px. */
const NARROW = 1100;
/** The grid keeps at least this much, in px. */
const GRID_MIN = 420;
export const PANEL = { min: 196, max: 420 };
export const DETAIL = { min: 320, max: 900 };

class Layout {
  windowWidth = $state(typeof window === 'undefined' ? 1440 : window.innerWidth);
  panelOpen = $state(true);
  private dragPanel = $state<number | null>(null);
  private dragDetail = $state<number | null>(null);

  narrow = $derived(this.windowWidth < NARROW);
  panelWidth = $derived(clamp(this.dragPanel ?? app.settings.panel_width, PANEL.min, PANEL.max));
  detailMax = $derived(
    this.narrow
      ? this.windowWidth - 60
      : Math.max(
          DETAIL.min,
          Math.min(DETAIL.max, this.windowWidth - (this.panelOpen ? this.panelWidth : 0) - GRID_MIN),
        ),
  );
  detailWidth = $derived(clamp(this.dragDetail ?? app.settings.detail_width, DETAIL.min, this.detailMax));

  togglePanel(): void {
    this.panelOpen = !this.panelOpen;
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
    this.dragDetail = null;
    void app.save({ detail_width: width });
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

export const layout = new Layout();
