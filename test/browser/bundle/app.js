import * as lowrank from 'lowrank';
import { train } from './train.js';

globalThis.train = (prefer) => train(lowrank, prefer);
globalThis.inWorker = (prefer) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(prefer);
  });
