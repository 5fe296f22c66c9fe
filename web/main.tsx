import { render } from 'preact';
import { greet } from './greet.js';
import { start } from './state.js';
import { recallSettings } from './teachSettings.js';
import { App } from './ui/app.js';

const place = document.querySelector('#app');
if (!place) throw new Error('the page has no #app');
render(<App />, place);
void recallSettings();
void start();
greet();
