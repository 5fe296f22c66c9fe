import { tryThreads } from './threads.js';

tryThreads().then(
  (outcome) => postMessage(outcome),
  (error) => postMessage({ error: String(error) }),
);
