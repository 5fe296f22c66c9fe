/** The same of llama.cpp, native, on one thread: `llamaCpp.mjs MODEL PROMPT-TOKENS TOKENS`; prints JSON. */
import { getLlama } from 'node-llama-cpp';

const [modelPath, promptTokens, tokens] = process.argv.slice(2);
const llama = await getLlama({ build: 'never', gpu: false, logLevel: 'error', maxThreads: 1 });
const begun = performance.now();
const model = await llama.loadModel({ modelPath });
const loadSeconds = (performance.now() - begun) / 1000;
const context = await model.createContext({ contextSize: 1024, threads: 1, batchSize: 512 });
const sequence = context.getSequence();
const ids = Array.from({ length: Number(promptTokens) }, (_, i) => 500 + ((i * 37) % 20000));

/** Seconds of the prompt and of the tokens behind it. */
async function measure(prompt, count) {
  await sequence.clearHistory();
  const times = [performance.now()];
  for await (const _ of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    times.push(performance.now());
    if (times.length > count + 1) break;
  }
  return { prompt: (times[1] - times[0]) / 1000, rest: (times[times.length - 1] - times[1]) / 1000 };
}

await measure(ids.slice(0, 32), 4);
const seconds = await measure(ids, Number(tokens));
console.log(
  JSON.stringify({ loadSeconds, prompt: ids.length / seconds.prompt, decode: Number(tokens) / seconds.rest }),
);
process.exit(0);
