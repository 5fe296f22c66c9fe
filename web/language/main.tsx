import { render } from 'preact';
import { startServiceWorker } from '../isolation.js';
import { startExamples } from './examples.js';
import { startLanguageLab } from './loadModel.js';
import { fetchRecorded } from './recorded/recordedRun.js';
import { recorded, rows } from './state.js';
import { watchEstimates } from './teaching.js';
import { App } from './ui/app.js';

const place = document.querySelector('#app');
if (!place) throw new Error('the page has no #app');
render(<App />, place);
fetchRecorded().then(
  (run) => {
    recorded.value = run;
  },
  () => {
    recorded.value = undefined;
  },
);
// A page that nobody has touched loses nothing where it is loaded again.
let isTouched = false;
const touch = () => {
  isTouched = true;
};
for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, touch, { capture: true, once: true });
const started = startLanguageLab();
void startExamples();
watchEstimates();
startServiceWorker(() => isTouched || rows.peek().length > 0, started);
