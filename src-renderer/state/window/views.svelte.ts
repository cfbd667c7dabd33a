/** What the middle of the window shows. way-back.svelte.ts makes each view an entry of the history. */
import type { View } from '../../../src-main/contract/place.ts';

export type { View };

const list: View = { kind: 'runs' };

class Views {
  now = $state.raw<View>(list);

  show(view: View): void {
    if (JSON.stringify(view) !== JSON.stringify(this.now)) this.now = view;
  }

  showList(): void {
    this.show(list);
  }
}

export const views = new Views();
