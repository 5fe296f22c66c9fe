import { runSuite } from './suite.js';

runSuite().then(
  (outcomes) => postMessage(outcomes),
  (error) => postMessage([{ name: 'the suite', error: String(error) }]),
);
