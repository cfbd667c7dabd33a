/**
 * What the middle of the window shows, and the way back to what it showed before. Each view is an entry of the browser's own history, so
 * that its back and forward (Alt and arrows, the mouse's keys, a trackpad) walk through them in both shells.
 */
export type View =
  | { kind: 'runs' }
  | { kind: 'flow_run'; id: string }
  /** all runs of one task; `key`: its task_key */
  | { kind: 'task'; key: string };

const list: View = { kind: 'runs' };

class Views {
  now = $state.raw<View>(list);

  /** Registers the effect; call while the window's component is made. */
  follow(): void {
    $effect(() => {
      const onpop = (event: PopStateEvent) => (this.now = (event.state as { view?: View } | null)?.view ?? list);
      window.addEventListener('popstate', onpop);
      return () => window.removeEventListener('popstate', onpop);
    });
  }

  show(view: View): void {
    if (JSON.stringify(view) === JSON.stringify(this.now)) return;
    history.pushState({ view }, '');
    this.now = view;
  }

  showList(): void {
    this.show(list);
  }
}

export const views = new Views();
