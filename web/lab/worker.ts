/** The worker: a lab that the page calls through messages. */
import { expose } from 'comlink';
import { Lab } from './lab.js';

const lab = new Lab();
globalThis.pageUrl = new URL(self.name).href;
// For a look at it from the console of the worker.
Reflect.set(globalThis, 'lab', lab);
expose(lab);
