import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './theme.css';
import './controls.css';
import { mount } from 'svelte';
import App from './App.svelte';

// fetched with the page: coming with the first rows, it would lay out the whole window once more (42 ms and 35 ms of paint)
void document.fonts.load('1em "JetBrains Mono Variable"');

const target = document.getElementById('app');
if (target) mount(App, { target });
