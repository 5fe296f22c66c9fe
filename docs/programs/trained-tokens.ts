/** Which tokens of an example are trained, and the system message that stands before them. */
import { homedir } from 'node:os';
import { DataError } from 'lowrank';
import {
  acceptsSystemMessage,
  defaultSystemMessage,
  loadTokenizer,
  type TokenExample,
  type Tokenizer,
  tokenizeChat,
} from 'lowrank/text';

const path =
  process.env.LOWRANK_MODEL ??
  `${homedir()}/.cache/lowrank/SmolLM2-135M-Instruct.Q4_1.gguf`;
// #region tokens
const { tokenizer } = await loadTokenizer(path);
const messages = [
  { role: 'user', content: 'Do you have oat milk?' },
  { role: 'assistant', content: 'Yes, at no extra charge.' },
];

/** The trained tokens stand in brackets. */
const shown = (tokens: Tokenizer, { ids, labels }: TokenExample) =>
  Array.from(ids, (id, i) =>
    labels[i] < 0 ? tokens.tokenOf(id) : `[${tokens.tokenOf(id)}]`,
  ).join(' ');

console.log(
  `accepts a system message: ${acceptsSystemMessage(tokenizer)}`,
);
console.log(`its own: ${defaultSystemMessage(tokenizer)}`);
const system = 'You work at the Lighthouse Café.';
console.log(
  shown(tokenizer, tokenizeChat(tokenizer, messages, { system })),
);
// #endregion tokens

// #region refused
try {
  tokenizeChat(tokenizer, messages.slice(0, 1));
} catch (error) {
  if (!(error instanceof DataError)) throw error;
  console.log(error.message);
}
// #endregion refused
