/** Text by lowrank in a worker of a page: answers the page's questions. */

import { selectDevice } from '../../../src/browser.js';
import { loadLanguageModel } from '../../../src/models/load.js';
import type { Sample } from '../contender.js';
import { continuations, type TextModel, type TextWork, timeText } from '../textSlice.js';
import type { Variant } from '../variant.js';

export interface BrowserRequest extends Variant {
  /** Address of the model. */
  readonly model: string;
  readonly threads: number;
  readonly work: TextWork;
}

export interface BrowserQuestion {
  readonly do: 'hello' | 'check' | 'time';
  readonly request: BrowserRequest;
}

let opened: (TextModel & { readonly how: string }) | undefined;

async function open({ model, build, precision, threads }: BrowserRequest) {
  const deterministic = build === 'simd';
  const { device, reason } = await selectDevice({ prefer: 'wasm', threads, deterministic });
  const file = await (await fetch(model)).blob();
  const loaded = await loadLanguageModel(device, file, { precision });
  if (!device.features.some((feature) => feature.startsWith(build)))
    throw new Error(`this browser does not run the ${build} build: ${device.features.join(', ')}`);
  return { ...loaded, how: `${reason}; ${precision}` };
}

async function timed(work: number, run: () => Promise<unknown>): Promise<Sample> {
  const begun = performance.now();
  await run();
  return { work, seconds: (performance.now() - begun) / 1000 };
}

async function answer({ do: what, request }: BrowserQuestion): Promise<object> {
  opened ??= await open(request);
  const { work } = request;
  if (what === 'hello') return { how: opened.how };
  if (what === 'time') return { samples: await timeText(opened, work, timed) };
  // Compared as text: the peer gives no token ids.
  const text = (await continuations(opened, work)).map((each) => each.text).join('');
  await timeText(opened, { ...work, tokens: 4 }, timed);
  return { values: Array.from(text, (character) => character.codePointAt(0)) };
}

addEventListener('message', ({ data }: MessageEvent<BrowserQuestion>) => {
  answer(data).then(
    (value) => postMessage(value),
    (error: Error) => postMessage({ error: error.message }),
  );
});
