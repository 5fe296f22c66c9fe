/** Greedy output of llama.cpp: `llamaCpp.mjs MODEL ADAPTER|- TOKENS ID…`; prints the ids as JSON. */
import { getLlama } from 'node-llama-cpp';

const [modelPath, adapter, tokens, ...ids] = process.argv.slice(2);
const llama = await getLlama({ build: 'never', gpu: false, logLevel: 'error', maxThreads: 2 });
const model = await llama.loadModel({ modelPath });
const lora = adapter === '-' ? undefined : { adapters: [{ filePath: adapter, scale: 1 }] };
const context = await model.createContext({ contextSize: 256, threads: 2, lora });
const sequence = context.getSequence();
const found = [];
for await (const id of sequence.evaluate(ids.map(Number), { temperature: 0, yieldEogToken: true })) {
  found.push(id);
  if (found.length === Number(tokens)) break;
}
console.log(JSON.stringify(found));
process.exit(0);
