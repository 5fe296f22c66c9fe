import { CAFE } from './cafe.js';
import { ORDERS } from './orders.js';
import type { Preset } from './preset.js';
import { SHORT } from './short.js';

export { CHECK_WORDS, type Check, isRightOrder, type Order, passes, readOrder } from './checks.js';
export type { Preset } from './preset.js';

/** The sets of examples that the page offers, the default first. */
export const PRESETS: readonly Preset[] = [CAFE, SHORT, ORDERS];
