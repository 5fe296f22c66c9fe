import * as lowrank from 'lowrank';
import { train } from './train.js';

globalThis.onmessage = async ({ data }) => {
  postMessage(await train(lowrank, data).catch((error) => ({ error: String(error) })));
};
