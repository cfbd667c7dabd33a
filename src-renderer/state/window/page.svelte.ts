/** What the page itself shows of the window's state: theme and title. */
import { formatCount } from '../../format.ts';
import { watches } from '../question/watches.svelte.ts';
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
    const news = watches.total > 0 ? `(${formatCount(watches.total)}) ` : '';
    document.title = news + (app.workspace ? `${oneLine(app.workspace)} – Taskscope` : 'Taskscope');
  });
}
