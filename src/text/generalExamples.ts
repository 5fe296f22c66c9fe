/**
 * A small set of general questions with answers, written for this package: knowledge that a fine-tuned model must not forget. It
 * is measured before and after training, and may be mixed into the training data.
 */
import type { ReadExample } from './readExamples.js';

const QUESTIONS: readonly (readonly [question: string, answer: string])[] = [
  // Knowledge.
  ['What is the capital of France?', 'The capital of France is Paris.'],
  ['Which planet is closest to the sun?', 'Mercury is the planet closest to the sun.'],
  ['How many days are there in a leap year?', 'A leap year has 366 days.'],
  [
    'What is water made of?',
    'Water is made of hydrogen and oxygen: each molecule has two hydrogen atoms and one oxygen atom.',
  ],
  ['Who wrote the play "Romeo and Juliet"?', 'William Shakespeare wrote "Romeo and Juliet".'],
  ['What is the largest ocean on Earth?', 'The Pacific Ocean is the largest ocean on Earth.'],
  [
    'At what temperature does water freeze?',
    'At normal pressure water freezes at 0 degrees Celsius, which is 32 degrees Fahrenheit.',
  ],
  ['Which animal is the tallest in the world?', 'The giraffe is the tallest animal in the world.'],
  ['What do bees make?', 'Bees make honey and wax.'],
  ['In which direction does the sun rise?', 'The sun rises in the east.'],
  [
    'What is photosynthesis?',
    'Photosynthesis is how plants use sunlight to turn water and carbon dioxide into sugar and oxygen.',
  ],
  ['How many legs does a spider have?', 'A spider has eight legs.'],
  ['Which language is spoken in Brazil?', 'Most people in Brazil speak Portuguese.'],
  ['What does a thermometer measure?', 'A thermometer measures temperature.'],
  // Arithmetic.
  ['What is 7 plus 5?', '7 plus 5 is 12.'],
  ['What is 9 times 6?', '9 times 6 is 54.'],
  ['What is half of 30?', 'Half of 30 is 15.'],
  ['I have ten apples and give away three. How many are left?', 'You have seven apples left.'],
  ['How many minutes are there in two hours?', 'There are 120 minutes in two hours.'],
  ['Is 17 a prime number?', 'Yes, 17 is a prime number: only 1 and 17 divide it.'],
  // Small talk.
  ['Hello!', 'Hello! How can I help you today?'],
  ['Good morning. How are you?', 'Good morning! I am doing well, thank you. What can I do for you?'],
  ['Thank you for your help.', 'You are welcome! Let me know if you need anything else.'],
  ['I had a bad day.', 'I am sorry to hear that. Would you like to talk about what happened?'],
  ['Goodbye!', 'Goodbye! Have a nice day.'],
  ['Can you help me with a question?', 'Of course. What is your question?'],
  // Instructions.
  ['Name three fruits.', 'Apples, bananas and oranges.'],
  ['List the four seasons.', 'Spring, summer, autumn and winter.'],
  ['Give me the opposite of "hot".', 'The opposite of "hot" is "cold".'],
  ['Translate "good night" into Spanish.', '"Good night" is "buenas noches" in Spanish.'],
  ['Correct this sentence: "She go to school every day."', 'She goes to school every day.'],
  ['Write the word "garden" in capital letters.', 'GARDEN'],
  ['Put these words in alphabetical order: pear, apple, fig.', 'apple, fig, pear'],
  ['Answer with yes or no: can penguins fly?', 'No'],
  ['Write one sentence about the sea.', 'The sea is wide and blue, and its waves never rest.'],
  [
    'Explain in one sentence why we sleep.',
    'We sleep so that our body can rest and our brain can recover and store what we have learned.',
  ],
  [
    'Make this sentence shorter: "Due to the fact that it was raining, we stayed at home."',
    'Because it was raining, we stayed at home.',
  ],
  [
    'How do I make a cup of tea?',
    'Boil some water, pour it over a tea bag in a cup, wait a few minutes, and take out the tea bag.',
  ],
  [
    'Give me a tip for learning a new language.',
    'Practise a little every day, and use the words that you learn in short sentences of your own.',
  ],
  ['Write a Python function that adds two numbers.', 'def add(a, b):\n    return a + b'],
];

/** 40 questions of general knowledge, arithmetic, small talk and instructions, each with a plain answer. Lines count them from 1. */
export const GENERAL_EXAMPLES: readonly ReadExample[] = QUESTIONS.map(([question, answer], i) => ({
  line: i + 1,
  content: {
    kind: 'messages',
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
  },
}));
