/**
 * Prepares the input of all contenders: `prepare.ts MODEL OUT [TRAIN.jsonl]` writes into OUT the adapter in PEFT's format,
 * `prompts.json` with token ids and texts of prompts, and `examples.json` with token ids and labels of the examples.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveAdapter } from '../../src/index.js';
import { encodeChat } from '../../src/text/chat.js';
import { readExamples } from '../../src/text/readExamples.js';
import { tokenizeExamples } from '../../src/text/tokenizeExamples.js';
import { addAdapter, openModel } from './lowrankModel.js';

/** A question whose answer is the same with Q4_1, Q8_0 and Q4_0: most questions have two likely first words. */
const QUESTION = 'List the first ten letters of the alphabet.';
const TEXT = '1, 2, 3, 4, 5, 6, 7, 8,';

const [model, out, data] = process.argv.slice(2);
const opened = await openModel({ model, build: 'simd', precision: 'exact', threads: 1 });
const { tokenizer } = opened;
const write = (name: string, value: unknown) => writeFileSync(join(out, name), JSON.stringify(value));
const question = encodeChat(tokenizer, [{ role: 'user', content: QUESTION }], { addGenerationPrompt: true });
const prompts = [question, tokenizer.encode(TEXT)];
write(
  'prompts.json',
  prompts.map((ids) => ({ ids: [...ids], text: tokenizer.decode(ids) })),
);
if (data !== undefined) {
  const { examples } = tokenizeExamples(tokenizer, (await readExamples(data)).examples);
  write(
    'examples.json',
    examples.map(({ ids, labels }) => ({ ids: [...ids], labels: [...labels] })),
  );
}
await addAdapter(opened.model);
await saveAdapter(opened.model, join(out, 'adapter'), { taskType: 'CAUSAL_LM' });
opened.device.dispose();
