import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './theme.css';
import './controls.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { notes } from './state/window/notes.svelte.ts';

// fetched with the page: coming with the first rows, it would lay out the whole window once more (42 ms and 35 ms of paint)
void document.fonts.load('1em "JetBrains Mono Variable"');

// an error that nothing else has caught is said: otherwise a button would just do nothing
addEventListener('unhandledrejection', ({ reason }) => notes.fail(reason));
addEventListener('error', ({ error }: ErrorEvent) => {
  if (error) notes.fail(error); // without one it is the browser's remark on the layout
});

const target = document.getElementById('app');
if (target) mount(App, { target });
