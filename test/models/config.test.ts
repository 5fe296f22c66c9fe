/** Settings in configs that no small model covers. */
import { describe, expect, it } from 'vitest';
import { configFromGguf } from '../../src/models/configGguf.js';
import { parseModelConfig } from '../../src/models/configJson.js';
import { folder } from './fixtures.js';

function parsed(name: string, fields: object) {
  const config = JSON.parse(new TextDecoder().decode(folder(name).get('config.json')));
  const text = JSON.stringify({ ...config, ...fields });
  return parseModelConfig(new TextEncoder().encode(text), 'config.json');
}

describe('a config', () => {
  it('of Llama has no window, and of Mistral no biases, regardless of other settings', () => {
    expect(parsed('llama', { sliding_window: 5 }).slidingWindow).toBeUndefined();
    expect(parsed('mistral', { sliding_window: 5 }).slidingWindow).toBe(5);
    expect(parsed('mistral', { attention_bias: true }).qkvBias).toBe(false);
    expect(parsed('llama', { attention_bias: true }).qkvBias).toBe(true);
  });

  it('of a GGUF file may have a window', () => {
    const sizes = { embedding_length: 8, feed_forward_length: 8, block_count: 1, context_length: 16 };
    const attention = { 'attention.head_count': 2, 'attention.layer_norm_rms_epsilon': 1e-5 };
    const all = { ...sizes, ...attention, 'attention.sliding_window': 7 };
    const metadata = new Map<string, string | number>([['general.architecture', 'llama']]);
    for (const [key, value] of Object.entries(all)) metadata.set(`llama.${key}`, value);
    const facts = { vocabularySize: 4, tied: true, has: () => false, ropeFactors: undefined };
    expect(configFromGguf(metadata, facts, 'file').slidingWindow).toBe(7);
  });
});
