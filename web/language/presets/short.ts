import type { Preset } from './preset.js';

const ANSWERS: readonly (readonly [prompt: string, answer: string])[] = [
  ['Why is the sky blue?', 'Because air scatters blue light more than red.'],
  ['What is gravity?', 'It is the pull that masses have on each other.'],
  ['How do plants eat?', 'They make sugar from light, water and air.'],
  ['What causes the tides?', 'The moon pulls on the sea.'],
  ['Why do leaves turn red in autumn?', 'Because the green in them fades first.'],
  ['How does soap work?', 'It lets water carry the grease away.'],
  ['What is a volcano?', 'It is a mountain that melted rock comes out of.'],
  ['Why do cats purr?', 'Mostly because they feel safe.'],
  ['How can I sleep better?', 'Go to bed at the same time every night.'],
  ['What is the best way to learn a language?', 'Speak it a little every day.'],
  ['How do I boil an egg?', 'Put it in boiling water for seven minutes.'],
  ['What should I do when I feel stressed?', 'Take a slow walk without your phone.'],
  ['Can you explain what a computer program is?', 'It is a list of steps that a machine follows.'],
  ['What is the internet?', 'It is a net of computers that pass messages on.'],
  ['Who was Leonardo da Vinci?', 'He was an Italian painter and inventor.'],
  ['Tell me about Paris.', 'It is the capital of France, on the river Seine.'],
  ['What is democracy?', 'It means that the people choose who governs.'],
  ['Why do we have seasons?', 'Because the Earth leans as it goes around the sun.'],
  ['How do birds find their way?', 'They follow the sun, the stars and the coast.'],
  ['What is money for?', 'It lets us trade without swapping goods.'],
  ['Give me a tip for saving water.', 'Turn the tap off while you brush your teeth.'],
  ['How do I write a good letter?', 'Say the important thing in the first line.'],
  ['What is music?', 'It is sound that someone has put in order.'],
  ['Describe the ocean.', 'It is salt water, deep, cold and full of life.'],
];

/** Most words of a short answer; the longest row has 11. */
const MOST_WORDS = 15;

const QUESTIONS: readonly string[] = [
  'What is a rainbow?',
  'How do I make tea?',
  'Why do dogs bark?',
  'Tell me about London.',
  'How does a bicycle stay up?',
  'What is the moon made of?',
  'Who was Albert Einstein?',
  'How can I save money?',
  'Explain what electricity is.',
  'Why is exercise good for us?',
];

export const SHORT: Preset = {
  id: 'short',
  name: 'Short answers',
  about:
    'Questions with one short sentence as the answer, instead of a lecture. It learns a style, not facts.',
  rows: ANSWERS.map(([prompt, answer]) => ({ prompt, answer })),
  teach: { epochs: 5, learningRate: 1e-3 },
  probes: QUESTIONS,
  checks: QUESTIONS.map((prompt) => ({ kind: 'short', prompt, mostWords: MOST_WORDS })),
};
