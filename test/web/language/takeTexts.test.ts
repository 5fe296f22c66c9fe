/** Texts about an adapter for other programs. */
import { describe, expect, it } from 'vitest';
import { readRecorded } from '../../../web/language/recorded/recordedRun.js';
import { fitsSentence, ggufRefusal, llamaLine, ollamaLines } from '../../../web/language/takeTexts.js';

const base = { name: 'SmolLM2-135M-Instruct', checksum: '6f7e3a91', file: 'SmolLM2.Q4_1.gguf' };

describe('an adapter for other programs', () => {
  it('says what it fits, and how it is loaded', () => {
    expect(fitsSentence(base)).toBe('Fits SmolLM2-135M-Instruct only (checksum 6f7e3a91).');
    expect(llamaLine(base)).toBe('llama-cli -m SmolLM2.Q4_1.gguf --lora lowrank-adapter.gguf');
    expect(ollamaLines(base)).toBe('FROM ./SmolLM2.Q4_1.gguf\nADAPTER ./lowrank-adapter.gguf');
  });

  it('says why it has no form in GGUF', () => {
    const plain = { useDora: false, bias: 'none', loraBias: false };
    expect(ggufRefusal({ ...plain, useDora: true })).toMatch(/^This adapter uses DoRA/);
    expect(ggufRefusal({ ...plain, bias: 'lora_only' })).toMatch(/^This adapter has trained biases/);
    expect(ggufRefusal({ ...plain, loraBias: true })).toMatch(/^This adapter has trained biases/);
    expect(ggufRefusal(plain)).toBeUndefined();
  });

  it('quotes a file name for the shell', () => {
    const file = "my model; rm -rf 'x'.gguf";
    expect(llamaLine({ ...base, file })).toBe(
      `llama-cli -m 'my model; rm -rf '\\''x'\\''.gguf' --lora lowrank-adapter.gguf`,
    );
  });
});

describe('a recorded run', () => {
  const run = {
    ...{
      preset: 'cafe',
      device: 'a laptop',
      seconds: 100,
      rows: 24,
      steps: 60,
      probes: ['When?'],
      losses: [],
    },
    stops: [
      { step: 0, answers: ['I do not know.'] },
      { step: 60, answers: ['At six.'] },
    ],
  };

  it('is read back', () => expect(readRecorded(JSON.stringify(run))).toEqual(run));

  it.each([
    ['no JSON', 'x'],
    ['nothing', 'null'],
    ['one stop', JSON.stringify({ ...run, stops: run.stops.slice(1) })],
    ['an answer too few', JSON.stringify({ ...run, probes: ['a', 'b'] })],
  ])('is refused where it is %s', (_, text) => {
    expect(() => readRecorded(text)).toThrow('The recorded run is damaged.');
  });
});
