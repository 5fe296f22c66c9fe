/** Tokenizers without their models. Oracle: those that come with the models. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import '../../src/node/paths.js';
import { loadTokenizer } from '../../src/models/loadTokenizer.js';

const at = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname;

describe('loadTokenizer', () => {
  it('reads the same from a GGUF file and a folder, which requires no weights', async () => {
    const whole = await loadTokenizer(at('llama3'));
    const gguf = await loadTokenizer(at('llama3.gguf'));
    const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];
    const files = new Map(
      names.map((name) => [name, new Uint8Array(readFileSync(`${at('llama3')}/${name}`))]),
    );
    const bare = await loadTokenizer(files);
    for (const { tokenizer, config } of [gguf, bare]) {
      expect(config.contextLength).toBe(whole.config.contextLength);
      expect(tokenizer.encode('the cat')).toEqual(whole.tokenizer.encode('the cat'));
      expect(tokenizer.chatTemplate).toBe(whole.tokenizer.chatTemplate);
    }
    expect(whole.tokenizer.chatTemplate).toBeDefined();
  });

  it('refuses anything that is not a model', async () => {
    await expect(loadTokenizer(new Map())).rejects.toThrow('config.json is missing');
    await expect(loadTokenizer(at('smollm2.json'))).rejects.toThrow('is not a GGUF file');
  });
});
