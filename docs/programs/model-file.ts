/** A language model from a file that a visitor chose, as a page reads it. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { selectDevice } from 'lowrank';
import { generate, loadLanguageModel } from 'lowrank/text';

const name = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const path =
  process.env.LOWRANK_MODEL ?? `${homedir()}/.cache/lowrank/${name}`;
const { device } = await selectDevice({ deterministic: true });
const file = new File([await readFile(path)], name);

// #region load
// In a page, `file` is that of an <input type="file">, or dropped there.
let percent = 0;
const { model, tokenizer } = await loadLanguageModel(device, file, {
  precision: 'fast',
  onBytes: (done, total) => {
    percent = Math.round((100 * done) / total); // for a progress bar
  },
});
const messages = [
  { role: 'user', content: 'What is the capital of France?' },
];
let answer = '';
for await (const piece of generate(model, tokenizer, messages, {
  maxTokens: 12,
}))
  answer += piece;
console.log(`${percent} % loaded, and it says: ${answer}`);
// #endregion load
device.dispose();
