/** A prompt and the text after it in a browser, against wllama. */
import { browserContender } from './browser/contender.js';
import type { Goal, Task } from './contender.js';
import { checkInstalled, FORMATS, type Format, type Given, inFormat } from './participants.js';
import type { TextWork } from './textSlice.js';
import { checkedTokens, textMetrics } from './textTask.js';
import { wordsOf } from './training.js';
import { type Variant, variantName } from './variant.js';

const BOUND = 6;

export function browserTask(
  { model, threads }: Given,
  variants: readonly Variant[],
  work: TextWork,
  formats: readonly Format[] = FORMATS,
): Task {
  const names = formats.map((format) => `wllama ${format}`);
  const goals: Goal[] = variants.flatMap((variant) =>
    names.map((name) => ({ of: variantName(variant), against: [name], bound: BOUND })),
  );
  const shared = { threads, work };
  return {
    title: `Text in Chromium, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
    metrics: textMetrics(work, { decode: goals, prompt: goals }),
    contenders: [
      ...variants.map((variant) =>
        browserContender({
          ...{ name: variantName(variant), page: 'lowrankPage.ts', model: () => model },
          request: { ...shared, ...variant },
        }),
      ),
      ...formats.map((format, i) =>
        browserContender({
          ...{ name: names[i], page: 'wllamaPage.mjs', model: () => wllamaModel(model, format) },
          request: { ...shared, promptText: wordsOf(work.promptTokens) },
        }),
      ),
    ],
    isWallOnly: true,
    ...checkedTokens(work),
  };
}

async function wllamaModel(model: string, format: Format): Promise<string> {
  checkInstalled('@wllama/wllama');
  return inFormat(model, format);
}
