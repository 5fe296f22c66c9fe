/** Conversations as token ids. */
import { DataError } from '../base/errors.js';
import { checkOptions } from '../base/options.js';
import { ChatTemplate, type RenderOptions } from './chatTemplate.js';
import { refuseLeftOut } from './leftOut.js';
import { type ChatMessage, checkMessages, stringsIn } from './messages.js';
import type { Tokenizer } from './tokenizer.js';

export interface EncodeChatOptions extends RenderOptions {
  /** Whether special tokens in messages are encoded as those tokens; otherwise they are refused. Default false. */
  allowSpecial?: boolean;
}

const TEMPLATES = new WeakMap<Tokenizer, ChatTemplate>();

/** The tokenizer's chat template, parsed once. @throws DataError when it has none, or it cannot be parsed */
export function chatTemplateOf(tokenizer: Tokenizer): ChatTemplate {
  let template = TEMPLATES.get(tokenizer);
  if (template) return template;
  const { chatTemplate, name, bosId, eosIds } = tokenizer;
  if (chatTemplate === undefined)
    throw new DataError(
      `${name}: has no chat template: a model that was not made for conversations has none`,
    );
  const textOf = (id: number | undefined) => (id === undefined ? undefined : tokenizer.tokenOf(id));
  template = new ChatTemplate(chatTemplate, name, { bosToken: textOf(bosId), eosToken: textOf(eosIds[0]) });
  TEMPLATES.set(tokenizer, template);
  return template;
}

/**
 * The ids of a conversation: the text that the model's template makes from it, whose special tokens are control tokens. No
 * others are added. Special tokens in written messages are refused, also where a message and the template form one together; and
 * so is a system message, a user's message, a tool or a call that the template leaves out.
 * @throws DataError when a message has the wrong shape, holds a special token or is left out, and as `ChatTemplate` and
 *   `encode`
 */
export function encodeChat(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: EncodeChatOptions = {},
): Int32Array {
  checkOptions<EncodeChatOptions>('encodeChat', options, {
    allowSpecial: 0,
    addGenerationPrompt: 0,
    tools: 0,
  });
  const { allowSpecial = false, ...render } = options;
  checkMessages(messages);
  const template = chatTemplateOf(tokenizer);
  if (!allowSpecial) refuseSpecialIn(tokenizer, messages, render.tools);
  const text = template.render(messages, render);
  refuseLeftOut({ template, messages, render, text });
  if (!allowSpecial) refuseJoined(tokenizer, template, messages, render, text);
  return tokenizer.encode(text, { allowSpecial: true });
}

/** Checks messages and tools. @throws DataError for special tokens in their text */
export function refuseSpecialIn(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  tools: readonly object[] = [],
): void {
  const refuse = (value: unknown, where: string) => {
    for (const [text, here] of stringsIn(value, where)) {
      const [found] = tokenizer.findSpecial(text);
      if (found)
        throw new DataError(
          `${here}: holds a special token, which is refused: ${JSON.stringify(found.token)} at character ${found.at}`,
        );
    }
  };
  for (const [i, message] of messages.entries()) refuse(message, `messages[${i}]`);
  for (const [i, tool] of tools.entries()) refuse(tool, `tools[${i}]`);
}

/** Placeholder for a character that might belong to a special token; no token contains it. */
const NEUTRAL = '\ue000';

/**
 * Refuses a message whose end or beginning the template completes to a special token. Possible cases are rendered
 * again with these characters replaced: the same special tokens must be in the same places.
 */
function refuseJoined(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  render: RenderOptions,
  text: string,
): void {
  const tokens = [...tokenizer.specialTokens.keys()];
  const placesIn = (rendered: string) => JSON.stringify(tokenizer.findSpecial(rendered));
  let places: string | undefined;
  for (const [i, message] of messages.entries()) {
    const content = neutralised(message.content, tokens);
    if (content === message.content) continue;
    places ??= placesIn(text);
    const changed = messages.map((each, at) => (at === i ? { ...each, content } : each));
    if (placesIn(template.render(changed, render)) !== places)
      throw new DataError(
        `messages[${i}].content: makes a special token with the template's own text, which is refused: ${JSON.stringify(message.content.slice(-50))}`,
      );
  }
}

/** The text with placeholders for an end that begins a token, and for a beginning that ends one. */
function neutralised(text: string, tokens: readonly string[]): string {
  const trimmed = text.trim();
  const start = text.indexOf(trimmed);
  let [before, after] = [0, 0];
  for (const token of tokens) {
    for (let length = 1; length < Math.min(token.length, trimmed.length + 1); length++) {
      if (trimmed.endsWith(token.slice(0, length))) after = Math.max(after, length);
      if (trimmed.startsWith(token.slice(-length))) before = Math.max(before, length);
    }
  }
  const characters = text.split('');
  for (let i = 0; i < before; i++) characters[start + i] = NEUTRAL;
  for (let i = 0; i < after; i++) characters[start + trimmed.length - 1 - i] = NEUTRAL;
  return characters.join('');
}
