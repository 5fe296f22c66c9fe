/** The worker of the language-model page: a lab that the page calls through messages. */
import { expose } from 'comlink';
import { selectDevice } from 'lowrank';
import { browserAdapters } from './adapterStore.js';
import { Lab } from './lab.js';
import { pageSources } from './pageSources.js';
import { browserStore } from './store.js';

// The worker's name is the page's address: files are beside the page, wherever the worker's code is. Its hash is the device that
// the visitor chose.
const address = new URL(self.name);
globalThis.pageUrl = address.href;
const prefer = address.hash === '#webgpu' ? 'webgpu' : 'wasm';

const openDevice = async () => (await selectDevice({ prefer })).device;
const lab = new Lab({
  ...{ openDevice, sources: pageSources },
  ...{ store: browserStore(), adapters: browserAdapters() },
});
// For debugging in the worker's console.
Reflect.set(globalThis, 'lab', lab);
expose(lab);
