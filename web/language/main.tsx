import { render } from 'preact';
import { startServiceWorker } from '../isolation.js';
import { fetchRecorded } from './recorded/recordedRun.js';
import { isWide, recorded, rows } from './state.js';
import { App } from './ui/app.js';

/** Longest time that the rest of the page waits for the recording. */
const PATIENCE_MS = 2000;

const place = document.querySelector('#app');
if (!place) throw new Error('the page has no #app');
// The same width as in language-shell.css.
const wide = matchMedia('(min-width: 1100px)');
isWide.value = wide.matches;
wide.addEventListener('change', () => {
  isWide.value = wide.matches;
});
render(<App />, place);
const shown = fetchRecorded().then(
  (run) => {
    recorded.value = run;
  },
  () => {
    recorded.value = undefined;
  },
);
// A page that nobody has touched loses nothing in a reload.
let isTouched = false;
const touch = () => {
  isTouched = true;
};
for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, touch, { capture: true, once: true });

async function startRest(): Promise<void> {
  await Promise.race([shown, pause(PATIENCE_MS)]);
  // Lets the browser draw what has arrived first.
  await pause(0);
  const { start } = await import('./start.js');
  await start();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

startServiceWorker(() => isTouched || rows.peek().length > 0, startRest());
