import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../../../src-renderer/theme.css';
import { mount } from 'svelte';
import Harness from './Harness.svelte';

const target = document.getElementById('app');
if (target) mount(Harness, { target });
