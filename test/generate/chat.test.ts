/** Conversations: the messages that become part of them, and the tokens that are read again. */
import { afterAll, describe, expect, it } from 'vitest';
import { Chat } from '../../src/generate/chat.js';
import { generate } from '../../src/generate/generate.js';
import { setActiveAdapters, setAdapterScale, withAdapterDisabled } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { encodeChat } from '../../src/text/chat.js';
import type { ChatMessage } from '../../src/text/messages.js';
import { folder } from '../models/fixtures.js';
import { wasm } from '../support/devices.js';
import { hasRealModel, realModel } from '../support/realModel.js';

const device = await wasm();
const { model, tokenizer } = await loadLanguageModel(device, folder('llama3'));
afterAll(() => device.dispose());

const options = { maxTokens: 6 };
const fresh = async (messages: readonly ChatMessage[], on = model) =>
  (await generate(on, tokenizer, messages, options).result()).text;
/** Tokens of the next prompt after the part that it shares with an answer's prompt and tokens, the last of which was not read. */
function readAfter(
  { ids }: { ids: Int32Array },
  asked: readonly ChatMessage[],
  next: readonly ChatMessage[],
) {
  const encode = (messages: readonly ChatMessage[]) =>
    encodeChat(tokenizer, messages, { addGenerationPrompt: true });
  const [read, prompt] = [[...encode(asked), ...ids.slice(0, -1)], encode(next)];
  const at = read.findIndex((id, i) => id !== prompt[i]);
  return prompt.length - (at < 0 ? read.length : at);
}
const user = (content: string) => ({ role: 'user', content });

/** A model with an adapter that changes its answers. */
async function adapted() {
  const loaded = await loadLanguageModel(device, folder('llama3'));
  const { factors } = await applyLora(loaded.model, { rank: 2, targetModules: ['q_proj', 'down_proj'] });
  for (const { loraB } of factors.values())
    loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => Math.sin(i)));
  return loaded.model;
}

describe('Chat', () => {
  it('gives the same answer as a fresh generation from all messages', async () => {
    const chat = new Chat(model, tokenizer, 'be kind');
    for (const content of ['hello', 'the cat']) {
      const prompt = [...chat.messages, user(content)];
      const answer = chat.send(content, options);
      let text = '';
      for await (const piece of answer) text += piece;
      expect(text).toBe(await fresh(prompt));
      expect((await answer.result()).text).toBe(text);
    }
    const roles = chat.messages.map(({ role }) => role);
    expect(roles).toEqual(['system', 'user', 'assistant', 'user', 'assistant']);
    chat.dispose();
  });

  it('reads only the new tokens in a second turn', async () => {
    const chat = new Chat(model, tokenizer);
    const first = await chat.send('hello', options).result();
    expect(first.readTokens).toBe(first.promptTokens);
    const prompt = [...chat.messages, user('the cat')];
    const second = await chat.send('the cat', options).result();
    expect(second.readTokens).toBe(readAfter(first, [user('hello')], prompt));
    expect(second.readTokens).toBeLessThanOrEqual(second.promptTokens - first.promptTokens);
    chat.dispose();
  });

  it.skipIf(!hasRealModel)('reads the answer of a real model once, and never again', async () => {
    const real = await loadLanguageModel(device, realModel());
    const chat = new Chat(real.model, real.tokenizer);
    const first = await chat.send('Name three colours.', options).result();
    const second = await chat.send('And one more?', options).result();
    const third = await chat.retry(options).result();
    // <|im_end|>, a line break and the new message, and for a cut answer its last token.
    const own = encodeChat(real.tokenizer, [{ role: 'system', content: '' }, user('And one more?')], {
      addGenerationPrompt: true,
    });
    const empty = encodeChat(real.tokenizer, [{ role: 'system', content: '' }]);
    const unread = first.stoppedBy === 'length' ? 1 : 0;
    expect(second.readTokens).toBe(own.length - empty.length + 2 + unread);
    expect([third.readTokens, third.text]).toEqual([1, second.text]);
    chat.dispose();
    real.model.dispose();
  });

  it('keeps the tokens that were read with the adapter and without it', async () => {
    const other = await adapted();
    const chat = new Chat(other, tokenizer);
    const base = (content: string) =>
      withAdapterDisabled(other, () => chat.send(content, { ...options, keep: false }).result());
    const hello = await base('hello');
    expect(chat.messages).toEqual([]);
    expect(hello.text).toBe(await fresh([user('hello')]));
    const first = await chat.send('hello', options).result();
    expect(first.text).toBe(await fresh([user('hello')], other));
    expect([hello.readTokens, first.readTokens]).toEqual([first.promptTokens, first.promptTokens]);
    const history = chat.messages;
    const cat = await base('the cat');
    expect(cat.text).toBe(await fresh([...history, user('the cat')]));
    // The base also reads the other's answer, and nothing before it.
    expect(cat.readTokens).toBe(cat.promptTokens - first.promptTokens);
    const second = await chat.send('the cat', options).result();
    expect(second.text).toBe(await fresh([...history, user('the cat')], other));
    expect(second.readTokens).toBe(readAfter(first, [user('hello')], [...history, user('the cat')]));
    // The adapter is switched off and on again.
    setActiveAdapters(other, []);
    const again = await chat.retry({ ...options, keep: false }).result();
    expect([again.text, again.readTokens]).toEqual([cat.text, 1]);
    setActiveAdapters(other, ['default']);
    expect((await chat.retry(options).result()).readTokens).toBe(1);
    // With other weights everything is read.
    setAdapterScale(other, 'default', 0.5);
    const scaled = await chat.retry(options).result();
    expect(scaled.readTokens).toBe(scaled.promptTokens);
    chat.dispose();
    other.dispose();
  });

  it('holds at most four caches', async () => {
    const other = await adapted();
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await applyLora(other, { rank: 1, targetModules: ['q_proj'] }, name);
    const chat = new Chat(other, tokenizer);
    const send = async (active: readonly string[]) => {
      setActiveAdapters(other, active);
      return (await chat.send('hello', { ...options, keep: false }).result()).readTokens;
    };
    const all = await send([]);
    for (const name of names) expect(await send([name])).toBe(all);
    expect([await send(['a']), await send(['d'])]).toEqual([1, 1]);
    // The base was least recently used; it replaces b.
    expect([await send([]), await send(['a']), await send(['b'])]).toEqual([all, 1, all]);
    chat.dispose();
    expect(await send(['a'])).toBe(all);
    chat.dispose();
    other.dispose();
  });

  it('forgets a turn whose answer was abandoned', async () => {
    const chat = new Chat(model, tokenizer);
    const answer = chat.send('hello');
    for await (const _ of answer) break;
    expect(chat.messages).toEqual([]);
    await expect(answer.result()).rejects.toThrow('Chat: the answer has not ended');
    expect(() => answer[Symbol.asyncIterator]()).toThrow('an answer can be iterated over only once');
    chat.dispose();
  });

  it('keeps the part of an answer that a signal ends, and nothing of one that has not begun', async () => {
    const chat = new Chat(model, tokenizer);
    const stop = new AbortController();
    let text = '';
    for await (const piece of chat.send('hello', { maxTokens: 20, signal: stop.signal })) {
      text += piece;
      stop.abort();
    }
    expect(chat.messages).toEqual([user('hello'), { role: 'assistant', content: text }]);
    const { stoppedBy } = await chat.send('again', { ...options, signal: AbortSignal.abort() }).result();
    expect([stoppedBy, chat.messages.length]).toEqual(['abort', 2]);
    await chat.send('the cat', options).result();
    expect(chat.messages).toHaveLength(4);
    chat.dispose();
  });

  it('answers the last message again', async () => {
    const chat = new Chat(model, tokenizer);
    await expect(chat.retry().result()).rejects.toThrow('retry: there is no message to answer');
    const first = await chat.send('hello', options).result();
    const draw = { ...options, temperature: 2, seed: 1 };
    const second = await chat.retry(draw).result();
    expect(second.text).not.toBe(first.text);
    expect(second.readTokens).toBe(1);
    expect(chat.messages).toEqual([user('hello'), { role: 'assistant', content: second.text }]);
    expect((await chat.retry({ ...options, keep: false }).result()).text).toBe(first.text);
    expect(chat.messages[1].content).toBe(second.text);
    // This conversation ends with a message.
    chat.replace([user('hello')]);
    await chat.retry(options).result();
    expect(chat.messages[1].content).toBe(first.text);
    chat.dispose();
  });

  it('continues from other messages, of which it reads only the different ones', async () => {
    const chat = new Chat(model, tokenizer, 'be kind');
    await chat.send('hello', options).result();
    const given = [...chat.messages, user('no'), { role: 'assistant', content: 'yes' }];
    chat.replace(given);
    given.pop();
    expect(chat.messages).toHaveLength(5);
    const { text, readTokens, promptTokens } = await chat.send('the cat', options).result();
    expect(text).toBe(await fresh([...chat.messages.slice(0, 5), user('the cat')]));
    expect(readTokens).toBeLessThan(promptTokens);
    chat.replace([]);
    expect((await chat.send('hello', options).result()).text).toBe(await fresh([user('hello')]));
    chat.dispose();
  });

  it('refuses impossible calls, and stays usable', async () => {
    const chat = new Chat(model, tokenizer);
    const bad: unknown = [{ role: 'user' }];
    expect(() => chat.replace(bad as ChatMessage[])).toThrow('messages[0]: content must be a string');
    expect(() => chat.send('x', { maxNewTokens: 3 } as never)).toThrow('send: unknown option "maxNewTokens"');
    await expect(chat.send('say <|end|>').result()).rejects.toThrow('holds a special token');
    for await (const _ of chat.send('hello', { maxTokens: 20 })) {
      expect(() => chat.replace([])).toThrow('replace: the chat is in use: another answer is being given');
      await expect(chat.send('x').result()).rejects.toThrow('send: the chat is in use');
      break;
    }
    await chat.send('hello', options).result();
    expect(chat.messages).toHaveLength(2);
    chat.dispose();
  });
});
