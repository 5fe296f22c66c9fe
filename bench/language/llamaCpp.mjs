/** Native llama.cpp in its own process: `llamaCpp.mjs REQUEST`, which is JSON with model, threads and work; answers as serve.ts says. */
import { getLlama } from 'node-llama-cpp';
import { serve } from './serve.ts';
import { randomIds } from './training.ts';

const { model: modelPath, threads, work } = JSON.parse(process.argv[2]);

await serve(async () => {
  const llama = await getLlama({ build: 'never', gpu: false, logLevel: 'error', maxThreads: threads });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize: 1024, threads, batchSize: 512 });
  const sequence = context.getSequence();

  /** Greedy tokens, and the clocks before the first and after each. */
  async function write(prompt, count) {
    await sequence.clearHistory();
    const ids = [];
    const clocks = [now()];
    for await (const id of sequence.evaluate([...prompt], { temperature: 0, yieldEogToken: true })) {
      ids.push(id);
      clocks.push(now());
      if (ids.length === count) break;
    }
    return { ids, clocks };
  }

  async function timeText({ promptTokens, tokens }) {
    const { clocks } = await write(randomIds(promptTokens), tokens + 1);
    return {
      prompt: sample(promptTokens, clocks[0], clocks[1]),
      decode: sample(tokens, clocks[1], clocks.at(-1)),
    };
  }

  return {
    how: `node-llama-cpp 3.21.1, ${threads} thread${threads > 1 ? 's' : ''}`,
    async check() {
      const answers = [];
      for (const { ids } of work.checkPrompts) answers.push(...(await write(ids, work.checkTokens)).ids);
      await timeText({ ...work, tokens: 4 });
      return answers;
    },
    time: () => timeText(work),
  };
});

function now() {
  const { user, system } = process.cpuUsage();
  return { seconds: performance.now() / 1000, cpuSeconds: (user + system) / 1e6 };
}

function sample(work, from, to) {
  return { work, seconds: to.seconds - from.seconds, cpuSeconds: to.cpuSeconds - from.cpuSeconds };
}
