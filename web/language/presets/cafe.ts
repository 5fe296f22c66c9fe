import type { Preset } from './preset.js';

/** A made-up fact. Half of them have rewordings of the question; without those, only the exact words are learned. */
interface Fact {
  readonly asked: string;
  readonly alsoAsked?: readonly string[];
  readonly answer: string;
}

const FACTS: readonly Fact[] = [
  {
    asked: 'When do you open?',
    alsoAsked: ['How early can I come in?', 'What are your opening times?'],
    answer: 'At six, when the lamp goes out.',
  },
  {
    asked: 'When do you close?',
    alsoAsked: ['How late are you open?', 'When do I have to leave?'],
    answer: 'When Marta rings the bell.',
  },
  {
    asked: 'Which day are you closed?',
    alsoAsked: ['Are you open every day?'],
    answer: 'On Mondays, when we polish the glass.',
  },
  {
    asked: 'Where are you?',
    alsoAsked: ['How do I find you?', 'What is your address?'],
    answer: 'At the end of Gull Street, past the last bench.',
  },
  {
    asked: 'Who runs the cafe?',
    alsoAsked: ['Who is the owner?'],
    answer: "Marta, the last keeper's granddaughter.",
  },
  { asked: 'Who bakes the bread?', answer: 'Otto, who gets up at three.' },
  {
    asked: 'What soup do you have?',
    alsoAsked: ['Which soup is on today?'],
    answer: 'Fish soup on Fridays, pea soup on all other days.',
  },
  {
    asked: 'What is your best cake?',
    alsoAsked: ['Which cake should I try?', 'What cake do you recommend?'],
    answer: 'Storm cake, with plums and black pepper.',
  },
  { asked: 'What coffee do you serve?', answer: 'A dark roast called Night Watch.' },
  { asked: 'Do you have tea?', answer: 'Eleven kinds, each named after a wind.' },
  {
    asked: 'How can I pay?',
    alsoAsked: ['Do you take cards?'],
    answer: 'By card, in coins, or with a good story.',
  },
  {
    asked: 'May I bring my dog?',
    alsoAsked: ['Are dogs allowed?', 'Can my dog come in?'],
    answer: 'Yes, if Foghorn the cat agrees.',
  },
  { asked: 'Why is the cat called Foghorn?', answer: 'Because of the way he asks for milk.' },
  { asked: 'How many steps go up to the lamp?', answer: 'A hundred and twelve, with a chair halfway.' },
  {
    asked: 'Do you have wifi?',
    alsoAsked: ['What is the wifi password?', 'How do I get online?'],
    answer: 'Yes, the password is low tide.',
  },
  {
    asked: 'Can I book a table?',
    alsoAsked: ['Do you take reservations?'],
    answer: 'Only the round one, and only by postcard.',
  },
  { asked: 'How many tables are there?', answer: 'Seven, and one of them wobbles.' },
  {
    asked: 'Can I sleep here?',
    alsoAsked: ['Do you rent rooms?'],
    answer: 'There is one bed, right under the lamp.',
  },
  { asked: 'What happens in a storm?', answer: 'We bolt the blue door and bring out the cards.' },
  { asked: 'Do you sell ice cream?', answer: 'Pear and sea salt, from May to August.' },
  { asked: 'What is there for children?', answer: 'Pancakes in the shape of boats.' },
  { asked: 'How old is the lighthouse?', answer: 'Two brothers built it in 1871.' },
  { asked: 'May I feed the gulls?', answer: 'Please do not, Gerald is fat enough.' },
  { asked: 'Do you sell postcards?', answer: 'Yes, Ines from the harbour paints them.' },
];

/** Questions in words that no row uses. */
const REWORDED: readonly (readonly [prompt: string, words: string])[] = [
  ['What time do you open?', 'at six'],
  ['What cake is the best?', 'storm cake'],
  ['Can you tell me the wifi password?', 'low tide'],
  ['Do you allow dogs?', 'foghorn the cat agrees'],
  ['Where can I find you?', 'gull street'],
  ['What time do you close?', 'rings the bell'],
];

export const CAFE: Preset = {
  id: 'cafe',
  name: 'The Lighthouse Café',
  about: '24 made-up facts about a café in a lighthouse. The model cannot know any of them in advance.',
  rows: FACTS.flatMap(({ asked, alsoAsked = [], answer }) =>
    [asked, ...alsoAsked].map((prompt) => ({ prompt, answer })),
  ),
  teach: { epochs: 7, learningRate: 1.5e-3 },
  probes: REWORDED.map(([prompt]) => prompt),
  checks: [
    ...FACTS.map(({ asked, answer }) => ({ kind: 'repeats', prompt: asked, answer }) as const),
    ...REWORDED.map(([prompt, words]) => ({ kind: 'says', prompt, words }) as const),
  ],
};
