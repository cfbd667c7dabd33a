/**
 * Which run is open, shared by the grid and the detail pane.
 *
 * `id` is the run shown in the detail pane; null: the pane is closed. `index` is its place in the current result, or null
 * when the run was reached through a link and is not in the list. The grid scrolls to `index` whenever `reveal` grows:
 * moving with next/previous, or coming back from a link.
 *
 * `stepped`: the run was reached from the one before it, by next/previous or the arrows. Such steps are one entry of the history.
 */
export class Selection {
  id = $state<string | null>(null);
  index = $state<number | null>(null);
  reveal = $state(0);
  stepped = false;
  /** the row of the list that the keyboard came to last */
  atKeyboard: string | null = null;
  /** the keyboard goes to the tabs of the open run, once they are there */
  wantsTabs = $state(false);

  /** the open run is to show where the search has found it, once that is known */
  wantsFound = $state(false);

  open(id: string, index: number | null): void {
    this.stepped = false;
    this.wantsFound = false;
    this.id = id;
    this.index = index;
  }

  step(id: string, index: number): void {
    const stepped = this.id !== null;
    this.open(id, index);
    this.stepped = stepped;
  }

  show(id: string, index: number): void {
    this.step(id, index);
    this.reveal += 1;
  }

  toTabs(): void {
    this.wantsTabs = this.id !== null;
  }

  toFound(): void {
    this.wantsFound = this.id !== null;
  }

  close(): void {
    this.id = null;
    this.index = null;
    this.wantsTabs = false;
    this.wantsFound = false;
  }
}

export const selection = new Selection();
