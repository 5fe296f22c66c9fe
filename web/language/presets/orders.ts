import type { Order } from './checks.js';
import type { Preset } from './preset.js';

type Spoken = readonly [said: string, toGo: boolean, ...items: (readonly [count: number, name: string])[]];

const HERE = false;
const TO_GO = true;

const TAUGHT: readonly Spoken[] = [
  ['An espresso, please. I will drink it here.', HERE, [1, 'espresso']],
  ['Two lattes to go', TO_GO, [2, 'latte']],
  ['A cappuccino and a croissant for here', HERE, [1, 'cappuccino'], [1, 'croissant']],
  ['Could I get three muffins to take away?', TO_GO, [3, 'muffin']],
  ['One black tea and two scones, we will sit down', HERE, [1, 'black tea'], [2, 'scone']],
  ['A hot chocolate to go, please', TO_GO, [1, 'hot chocolate']],
  ['Four espressos for the table outside', HERE, [4, 'espresso']],
  ['I would like a flat white and a brownie to go', TO_GO, [1, 'flat white'], [1, 'brownie']],
  ['Two bagels and two orange juices, eating in', HERE, [2, 'bagel'], [2, 'orange juice']],
  ['A slice of carrot cake to take home', TO_GO, [1, 'carrot cake']],
  ['Just a mint tea for me, here', HERE, [1, 'mint tea']],
  ['Six croissants to go', TO_GO, [6, 'croissant']],
  ['Can we have two hot chocolates and a waffle? We are staying.', HERE, [2, 'hot chocolate'], [1, 'waffle']],
  ['One latte, one mocha and one cookie to take away', TO_GO, [1, 'latte'], [1, 'mocha'], [1, 'cookie']],
  ['A lemonade and a cheese sandwich for here, please', HERE, [1, 'lemonade'], [1, 'cheese sandwich']],
  ['Three flat whites to take away', TO_GO, [3, 'flat white']],
  ['Two green teas and a slice of apple pie, in here', HERE, [2, 'green tea'], [1, 'apple pie']],
  ['Hi! Five brownies to go, please.', TO_GO, [5, 'brownie']],
  ['A mocha for here', HERE, [1, 'mocha']],
  ['Two cappuccinos, a muffin and a bagel to go', TO_GO, [2, 'cappuccino'], [1, 'muffin'], [1, 'bagel']],
  ['I will have a pot of black tea at the window', HERE, [1, 'black tea']],
  [
    'One cheese sandwich and one apple juice to take with me',
    TO_GO,
    [1, 'cheese sandwich'],
    [1, 'apple juice'],
  ],
  ['Three lattes and three cookies for here', HERE, [3, 'latte'], [3, 'cookie']],
  ['A scone and an espresso to go', TO_GO, [1, 'scone'], [1, 'espresso']],
  ['Two waffles, please, we eat here', HERE, [2, 'waffle']],
  ['Four orange juices to take away', TO_GO, [4, 'orange juice']],
  [
    'May I have a flat white and two slices of carrot cake here?',
    HERE,
    [1, 'flat white'],
    [2, 'carrot cake'],
  ],
  ['A lemonade to go', TO_GO, [1, 'lemonade']],
  ['One cookie and one mint tea, I will stay a while', HERE, [1, 'cookie'], [1, 'mint tea']],
  ['Two espressos and a brownie, for the road', TO_GO, [2, 'espresso'], [1, 'brownie']],
];

const NEW: readonly Spoken[] = [
  ['Two flat whites and a scone to take away', TO_GO, [2, 'flat white'], [1, 'scone']],
  ['A latte and a muffin for here', HERE, [1, 'latte'], [1, 'muffin']],
  ['Three cappuccinos to go, please', TO_GO, [3, 'cappuccino']],
  ['One green tea and one waffle, we will sit down', HERE, [1, 'green tea'], [1, 'waffle']],
  ['Could I get two bagels to take away?', TO_GO, [2, 'bagel']],
  ['A mocha, a brownie and a lemonade for here', HERE, [1, 'mocha'], [1, 'brownie'], [1, 'lemonade']],
  ['Four cookies and four hot chocolates to go', TO_GO, [4, 'cookie'], [4, 'hot chocolate']],
  ['I would like an espresso and a slice of apple pie, eating in', HERE, [1, 'espresso'], [1, 'apple pie']],
  ['A ginger beer to go', TO_GO, [1, 'ginger beer']],
  ['Can we have two doughnuts and an iced tea? We are staying.', HERE, [2, 'doughnut'], [1, 'iced tea']],
];

function toOrder([, to_go, ...items]: Spoken): Order {
  return { items: items.map(([count, name]) => ({ count, name })), to_go };
}

export const ORDERS: Preset = {
  id: 'orders',
  name: 'Order → JSON',
  about: 'What a guest says, as data that a till can read. New orders must come out as valid JSON.',
  rows: TAUGHT.map((spoken) => ({ prompt: spoken[0], answer: JSON.stringify(toOrder(spoken)) })),
  teach: { epochs: 3, learningRate: 1e-3 },
  probes: NEW.map(([said]) => said),
  checks: NEW.map((spoken) => ({ kind: 'order', prompt: spoken[0], order: toOrder(spoken) })),
};
