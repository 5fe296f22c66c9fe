/** The worker of the digits page: a lab that the page calls through messages. */
import { expose } from 'comlink';
import { takeBase } from './handedBase.js';
import { Lab } from './lab.js';

takeBase();
const lab = new Lab();
// The worker's name is the page's address: files are beside the page, wherever the worker's code is.
globalThis.pageUrl = new URL(self.name).href;
// For debugging in the worker's console.
Reflect.set(globalThis, 'lab', lab);
expose(lab);
