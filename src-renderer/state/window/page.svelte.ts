/** What the page itself shows of the window's state: theme and title. */
import { oneLine } from '../../visible-text.ts';
import { app } from './app.svelte.ts';

/** Registers the effects; call while the window's component is made. */
export function followPage(): void {
  $effect(() => {
    const { theme } = app.settings;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  });
  $effect(() => {
    document.title = app.workspace ? `${oneLine(app.workspace)} – Taskscope` : 'Taskscope';
  });
}
