/** The worker: a lab that the page calls through messages. */
import { expose } from 'comlink';
import { takeBase } from './handedBase.js';
import { Lab } from './lab.js';

takeBase();
const lab = new Lab();
// The page calls its worker by its own address: files are beside the page, wherever the worker's code is.
globalThis.pageUrl = new URL(self.name).href;
// For a look at it from the console of the worker.
Reflect.set(globalThis, 'lab', lab);
expose(lab);
