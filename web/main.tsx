import { render } from 'preact';
import { greet } from './greet.js';
import { startServiceWorker } from './isolation.js';
import { openLinks } from './openLink.js';
import { start } from './state.js';
import { recallSettings } from './teachSettings.js';
import { App } from './ui/app.js';

const place = document.querySelector('#app');
if (!place) throw new Error('the page has no #app');
render(<App />, place);
void recallSettings();
const started = start();
openLinks();
greet();

// A page that nobody has touched loses nothing in a reload.
let isTouched = false;
const touch = () => {
  isTouched = true;
};
for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, touch, { capture: true, once: true });
startServiceWorker(() => isTouched, started);
