import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../../../bench/language/presets.js';
import { findDuplicates } from '../../../src/text/duplicates.js';
import { type ReadExample, readExamples } from '../../../src/text/readExamples.js';
import '../../../src/node/paths.js';

async function examplesOf(folder: string, part: 'train' | 'valid'): Promise<readonly ReadExample[]> {
  const { examples, format } = await readExamples(join(folder, `${part}.jsonl`));
  expect(format).toBe('JSON lines: messages');
  return examples;
}

function turnsOf({ content }: ReadExample): readonly string[] {
  if (content.kind !== 'messages') throw new Error(`must be messages: ${content.kind}`);
  expect(content.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
  return content.messages.map((message) => message.content);
}

describe.each(PRESETS.map((preset) => [preset.id, preset] as const))('preset %s', (_, { folder }) => {
  it('has about 20 to 30 examples, and 8 to 10 probes that are none of them', async () => {
    const [train, valid] = await Promise.all([examplesOf(folder, 'train'), examplesOf(folder, 'valid')]);
    expect(train.length).toBeGreaterThanOrEqual(20);
    expect(train.length).toBeLessThanOrEqual(30);
    expect(valid.length).toBeGreaterThanOrEqual(8);
    expect(valid.length).toBeLessThanOrEqual(10);
    expect(findDuplicates(train, valid).counts).toEqual({ same: 0, nearlySame: 0, samePrompt: 0 });
    const prompts = [...train, ...valid].map((example) => turnsOf(example)[0]);
    expect(new Set(prompts).size).toBe(prompts.length);
  });
});

describe('preset cafe', () => {
  it('asks its probes for facts of the training examples', async () => {
    const [preset] = PRESETS;
    const facts = (await examplesOf(preset.folder, 'train')).map((example) => turnsOf(example)[1]);
    // The question can be answered by no.
    const monday = 'No, we are closed on Mondays.';
    for (const example of await examplesOf(preset.folder, 'valid')) {
      const [, answer] = turnsOf(example);
      expect(answer === monday || facts.includes(answer), answer).toBe(true);
    }
  });
});

describe('preset order-json', () => {
  interface Order {
    readonly items: readonly { readonly name: string; readonly quantity: number }[];
    readonly takeaway: boolean;
  }

  const [, , { folder }] = PRESETS;
  const lines = (part: string) =>
    readFileSync(join(folder, `${part}.jsonl`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { messages: { content: string }[] }).messages);
  const ordered = (part: string) =>
    lines(part).map(([, { content }]) => [content, JSON.parse(content) as Order] as const);

  it('has answers of one shape, written in one way', () => {
    for (const [content, { items, takeaway }] of [...ordered('train'), ...ordered('valid')]) {
      const parts = items.map(({ name, quantity }) => ({ name, quantity }));
      expect(content).toBe(JSON.stringify({ items: parts, takeaway }));
      expect(typeof takeaway).toBe('boolean');
      for (const { quantity } of items) expect(Number.isInteger(quantity) && quantity > 0).toBe(true);
    }
  });

  it('asks its probes for what the training examples name', () => {
    const names = new Set(ordered('train').flatMap(([, { items }]) => items.map(({ name }) => name)));
    for (const [, { items }] of ordered('valid'))
      for (const { name } of items) expect(names.has(name), name).toBe(true);
  });

  it('answers each order with what it says', () => {
    for (const [{ content: order }, { content: answer }] of [...lines('train'), ...lines('valid')]) {
      const { items, takeaway } = JSON.parse(answer) as Order;
      for (const { name } of items) expect(order.toLowerCase()).toContain(name);
      const isTaken = /to go|to take|take away|with me|for the road|pack|take home/i.test(order);
      expect(takeaway, order).toBe(isTaken);
    }
  });
});
