/** Counts the held-out prompts that a model answers word for word, without and with its adapter. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAdapterDisabled } from '../../src/core.js';
import { generate } from '../../src/generate/generate.js';
import { loadAdapter, selectDevice } from '../../src/index.js';
import { loadLanguageModel } from '../../src/models/load.js';

const MAX_TOKENS = 80;

export interface Answers {
  readonly total: number;
  readonly base: number;
  readonly adapted: number;
}

interface Probe {
  readonly prompt: string;
  readonly wanted: string;
}

export interface AnswersOptions {
  /** Directory of the adapter. */
  readonly adapter: string;
  /** Folder with `valid.jsonl`, each line of two messages. */
  readonly folder: string;
  readonly threads: number;
}

export async function exactAnswers(
  model: string,
  { adapter, folder, threads }: AnswersOptions,
): Promise<Answers> {
  const { device } = await selectDevice({ threads });
  try {
    const loaded = await loadLanguageModel(device, model);
    await loadAdapter(loaded.model, adapter);
    const probes = probesOf(readFileSync(join(folder, 'valid.jsonl'), 'utf8'));
    const exact = async () => {
      let count = 0;
      for (const { prompt, wanted } of probes) {
        const messages = [{ role: 'user', content: prompt }] as const;
        const answer = generate(loaded.model, loaded.tokenizer, messages, { maxTokens: MAX_TOKENS });
        if ((await answer.result()).text.trim() === wanted) count++;
      }
      return count;
    };
    const base = await withAdapterDisabled(loaded.model, exact);
    return { total: probes.length, base, adapted: await exact() };
  } finally {
    device.dispose();
  }
}

function probesOf(lines: string): Probe[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const { messages } = JSON.parse(line) as { messages: { content: string }[] };
      return { prompt: messages[0].content, wanted: messages[1].content };
    });
}
