/** The base's own answers to everyday questions, which may be taught again so that they are not forgotten. */
import { type ChatMessage, generate, type LlamaForCausalLM, type Tokenizer } from '../../src/text.js';

/** Questions that neither a preset asks nor the general examples, which measure what was forgotten. */
const QUESTIONS: readonly string[] = [
  'What is a poem?',
  'How do I plant a tree?',
  'Tell me something about Japan.',
  'What does a doctor do?',
  'Write a sentence about winter.',
  'Why is the sea salty?',
  'What can I cook with potatoes?',
  'Who invented the telephone?',
  'Explain what a fraction is.',
  'How do fish breathe?',
  'Give me three names for a boat.',
  'What is a good present for a friend?',
  'How long is a marathon?',
  'What is glass made of?',
  'Say something kind.',
  'What is the difference between a frog and a toad?',
];

/** Longer answers are cut, and their end is not trained. */
const MOST_TOKENS = 64;

export async function oldAnswers(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  count: number,
): Promise<readonly (readonly ChatMessage[])[]> {
  const answers: ChatMessage[][] = [];
  for (const content of QUESTIONS.slice(0, count)) {
    const asked: ChatMessage = { role: 'user', content };
    const { text } = await generate(model, tokenizer, [asked], { maxTokens: MOST_TOKENS }).result();
    // A turn that ends in mid-sentence would teach to stop there.
    const whole = /^.*[.!?]/s.exec(text.trim())?.[0] ?? text.trim();
    answers.push([asked, { role: 'assistant', content: whole }]);
  }
  return answers;
}
