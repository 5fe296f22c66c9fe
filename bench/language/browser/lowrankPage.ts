/** A page whose worker computes: only there may threads wait for each other. */
const worker = new Worker(new URL('lowrankWorker.js', import.meta.url), { type: 'module' });

/** One question at a time. */
const ask = (question: object) =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(question);
  });

Object.assign(globalThis, { ask });
