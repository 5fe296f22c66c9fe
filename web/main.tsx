import { render } from 'preact';
import { greet } from './greet.js';
import { startServiceWorker } from './isolation.js';
import { openLinks } from './openLink.js';
import { sheet } from './sheet.js';
import { progress, start } from './state.js';
import { recallSettings } from './teachSettings.js';
import { App } from './ui/app.js';

const place = document.querySelector('#app');
if (!place) throw new Error('the page has no #app');
render(<App />, place);
void recallSettings();
const started = start();
openLinks();
greet();
startServiceWorker(() => sheet.value.length > 0 || progress.value !== undefined, started);
