/** The worker of the language-model page: a lab that the page calls through messages. */
import { expose } from 'comlink';
import { selectDevice } from 'lowrank';
import { Lab } from './lab.js';
import { pageSources } from './pageSources.js';
import { browserStore } from './store.js';

// The page calls its worker by its own address: files are beside the page, wherever the worker's code is. Behind it stands what
// a person wants to compute on.
const address = new URL(self.name);
globalThis.pageUrl = address.href;
const prefer = address.hash === '#webgpu' ? 'webgpu' : 'wasm';

const openDevice = async () => (await selectDevice({ prefer })).device;
const lab = new Lab({ openDevice, sources: pageSources, store: browserStore() });
// For a look at it from the console of the worker.
Reflect.set(globalThis, 'lab', lab);
expose(lab);
