/** The worker of the language-model page: a lab that the page calls through messages. */
import { expose } from 'comlink';
import { selectDevice } from 'lowrank';
import { Lab } from './lab.js';
import { pageSources } from './pageSources.js';
import { browserStore } from './store.js';

// The page calls its worker by its own address: files are beside the page, wherever the worker's code is.
globalThis.pageUrl = new URL(self.name).href;

const openDevice = async () => (await selectDevice({ prefer: 'wasm' })).device;
const lab = new Lab({ openDevice, sources: pageSources, store: browserStore() });
// For a look at it from the console of the worker.
Reflect.set(globalThis, 'lab', lab);
expose(lab);
