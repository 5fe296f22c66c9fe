import type { TeachSettings } from '../../api.js';

type Numbers = Exclude<keyof TeachSettings, 'isMemoryTight' | 'trainsPrompts' | 'lastLayers'>;

export interface Field {
  readonly name: Numbers;
  readonly label: string;
  /** What the setting does, in one sentence. */
  readonly about: string;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  readonly mayBeEmpty?: boolean;
}

export const FIELDS: readonly Field[] = [
  {
    ...{ name: 'rank', label: 'Rank', least: 1, most: 256, isWhole: true },
    about: 'How many directions each layer can change in; more can learn more, in a larger file.',
  },
  {
    ...{ name: 'alpha', label: 'Alpha', least: 0.01, most: 4096, isWhole: false },
    about: 'How strong the adapter is: its output is multiplied by alpha / rank.',
  },
  {
    ...{ name: 'learningRate', label: 'Learning rate', least: 1e-7, most: 1, isWhole: false },
    about: 'How far each step goes; too far, and it diverges.',
  },
  {
    ...{ name: 'epochs', label: 'Passes', least: 1, most: 1000, isWhole: true },
    about: 'How many times it goes through all the examples.',
  },
  {
    ...{ name: 'batch', label: 'Examples per step', least: 1, most: 64, isWhole: true },
    about: 'How many examples it looks at before it changes anything.',
  },
  {
    ...{ name: 'maxLength', label: 'Longest example', least: 8, most: 1024, isWhole: true },
    about: 'In tokens; anything longer is cut.',
  },
  {
    ...{ name: 'seed', label: 'Seed', least: 0, most: 2 ** 31 - 1, isWhole: true },
    about: 'The same seed and examples give the same adapter, bit for bit.',
  },
  {
    ...{ name: 'heldOut', label: 'Held out', least: 0, most: 0.5, isWhole: false },
    about: 'The share of examples kept back to test it; none if there are fewer than 20.',
  },
];
