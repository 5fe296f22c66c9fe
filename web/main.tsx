import { render } from 'preact';
import { startServiceWorker } from './isolation.js';
import { drawn, progress, start } from './state.js';
import { recallSettings } from './teachSettings.js';
import { App } from './ui/app.js';

const place = document.querySelector('#app');
if (!place) throw new Error('the page has no #app');
render(<App />, place);
void recallSettings();
startServiceWorker(() => drawn.value !== undefined || progress.value !== undefined, start());
