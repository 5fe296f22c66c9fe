/** The answers of a model to the prompts of a few examples. */
import { generate } from '../../generate/generate.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { encodeChat } from '../../text/chat.js';
import type { ChatMessage } from '../../text/messages.js';
import { acceptsSystemMessage } from '../../text/systemMessage.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import type { DataExample } from './readData.js';

export interface SamplePrompt {
  readonly line: number;
  /** The part of the prompt that is shown. */
  readonly text: string;
  /** The answer in the example. */
  readonly expected: string;
  readonly prompt: string | readonly ChatMessage[];
}

const MOST = 3;
const MAX_TOKENS = 48;

export interface SampleOptions {
  readonly system: string | undefined;
  readonly allowSpecial: boolean;
  /** Tokens. */
  readonly contextLength: number;
}

/** The prompts of the first examples whose prompt leaves room for an answer. */
export function samplePrompts(
  tokenizer: Tokenizer,
  examples: readonly DataExample[],
  { system, allowSpecial, contextLength }: SampleOptions,
): readonly SamplePrompt[] {
  const isChat = tokenizer.chatTemplate !== undefined;
  const prompts: SamplePrompt[] = [];
  const add = (sample: SamplePrompt) => {
    const { prompt } = sample;
    const ids =
      typeof prompt === 'string'
        ? tokenizer.encode(prompt, { allowSpecial, addSpecialTokens: true })
        : encodeChat(tokenizer, prompt, { allowSpecial, addGenerationPrompt: true });
    // A long conversation was cut where it is trained; its last answer comes after that.
    if (ids.length < contextLength) prompts.push(sample);
  };
  for (const { read } of examples) {
    if (prompts.length === MOST) break;
    const { line, content } = read;
    if (content.kind === 'completion') {
      const { prompt: text, completion: expected } = content;
      const prompt = isChat ? withSystem(tokenizer, [{ role: 'user', content: text }], system) : text;
      add({ line, text, expected, prompt });
    }
    if (content.kind !== 'messages' || content.tools !== undefined) continue;
    const { messages } = content;
    const last = messages.map(({ role }) => role).lastIndexOf('assistant');
    if (last < 1) continue;
    const [before, { content: expected }] = [messages.slice(0, last), messages[last]];
    const prompt = withSystem(tokenizer, before, system);
    add({ line, text: before[before.length - 1].content, expected, prompt });
  }
  return prompts;
}

function withSystem(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  system: string | undefined,
): readonly ChatMessage[] {
  const hasOwn = messages[0].role === 'system';
  if (system === undefined || hasOwn || !acceptsSystemMessage(tokenizer)) return messages;
  return [{ role: 'system', content: system }, ...messages];
}

/** The most likely answer, of at most 48 tokens. */
export async function answerTo(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  { prompt }: SamplePrompt,
  { signal, allowSpecial }: { readonly signal: AbortSignal; readonly allowSpecial: boolean },
): Promise<string> {
  const options = { maxTokens: MAX_TOKENS, signal, allowSpecial };
  return (await generate(model, tokenizer, prompt, options).result()).text;
}
