/** `lowrank/text` in Node, where models and tokenizers are also read from paths. */
import './node/paths.js';

export * from './text.js';
