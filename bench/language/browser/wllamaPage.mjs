/** The same task by wllama, which is llama.cpp in WebAssembly. It times itself. */
import { LoggerWithoutDebug, Wllama } from '@wllama/wllama';

let wllama;

async function open({ model, threads }) {
  const opened = new Wllama(
    { default: new URL('/wllama.wasm', location.href).href },
    { logger: LoggerWithoutDebug },
  );
  const file = await (await fetch(model)).blob();
  await opened.loadModel([file], { n_ctx: 1024, n_threads: threads, n_gpu_layers: 0, n_parallel: 1 });
  if (opened.getNumThreads() !== threads)
    throw new Error(`wllama has ${opened.getNumThreads()} threads, not ${threads}`);
  return opened;
}

/** Greedy text after a prompt, which must be text, and the times that its last chunk reports. */
async function write(prompt, count) {
  const chunks = await wllama.createCompletion({
    ...{ prompt, max_tokens: count, stream: true, temperature: 0, ignore_eos: true },
    // Otherwise a prompt that was read before would not be read again.
    cache_prompt: false,
  });
  let text = '';
  let timings;
  for await (const chunk of chunks) {
    text += chunk.choices[0]?.text ?? '';
    timings = chunk.timings ?? timings;
  }
  if (!timings) throw new Error('wllama gave no times');
  return { text, timings };
}

async function time({ promptTokens, tokens }, promptText) {
  // The first token comes from the prompt.
  const { timings } = await write(promptText, tokens + 1);
  if (timings.prompt_n !== promptTokens)
    throw new Error(`wllama read ${timings.prompt_n} tokens, not ${promptTokens}`);
  return {
    prompt: { work: promptTokens, seconds: timings.prompt_ms / 1000 },
    decode: { work: timings.predicted_n - 1, seconds: timings.predicted_ms / 1000 },
  };
}

async function answer({ do: what, request }) {
  wllama ??= await open(request);
  const { work, promptText } = request;
  const threads = `${request.threads} thread${request.threads > 1 ? 's' : ''}`;
  if (what === 'hello') return { how: `wllama 3.13.0, llama.cpp ${Wllama.getLibllamaVersion()}, ${threads}` };
  if (what === 'time') return { samples: await time(work, promptText) };
  let text = '';
  for (const prompt of work.checkPrompts) text += (await write(prompt.text, work.checkTokens)).text;
  return { values: Array.from(text, (character) => character.codePointAt(0)) };
}

globalThis.ask = (question) =>
  answer(question).catch((error) => ({ error: String(error?.message ?? error) }));
