/** Text of `lowrank train --help` besides the list of options; lines of at most 80 columns. */
import { EXIT_CODES } from '../help.js';
import { MODEL_HELP } from './modelOption.js';

export const TRAIN_SUMMARY = 'fine-tune a language model on examples, with LoRA';

export const TRAIN_DESCRIPTION =
  'Trains a LoRA adapter of a language model on your examples, measures what it gained on examples that were held ' +
  'out and what it forgot, and writes an adapter that PEFT loads.';

export const TRAIN_EXAMPLES = `
Examples:
  $ lowrank train --model m.gguf --data my-data --dry-run    what would happen
  $ lowrank train --model m.gguf --data my-data --out run
  $ lowrank train --model m.gguf --data my-data --out run --resume
  $ lowrank train --config run/settings.yaml --out other --rank 16
  $ lowrank chat --model m.gguf --adapter run                talk to it
  $ lowrank export --model m.gguf --adapter run --to gguf    for llama.cpp

${MODEL_HELP}

DATA is one file, of which a tenth is held out for validation, or a folder with
train.jsonl and, if there are any, valid.jsonl and test.jsonl (also .json, .csv
and .tsv). Examples are messages (chat, also ShareGPT), prompt and completion
(also Alpaca), or text; lowrank data shows how they are read. In chats and
completions, the answers are trained, with the end of each turn.

A higher learning rate, such as 5e-4, learns a small set faster and forgets
more: the report shows it on the examples to keep, and --replay mixes them in.

Steps take about 1,024 trained tokens; small sets get smaller steps, so that
there are at least 30. Examples are packed into rows of up to 512 tokens, and
a beginning that those of a row share is computed once. With --no-pack,
--no-shuffle and --batch-tokens 0 a step is one example, in the file's order.

Files in OUT, which is the adapter itself:
  adapter_config.json, adapter_model.safetensors   as PEFT reads them; with
                   validation, the best weights
  settings.yaml    every option of the run; --config reads it back
  metrics.jsonl    a line for each step, validation and sample answer
  loss.svg         both losses by step; needs the package echarts
  README.md        data, settings, results, and how to load the adapter
  checkpoint/      for --resume; removed when the run is done

Ctrl-C stops at the end of a step and saves; a second one stops at once.
--resume continues to the same bytes, even after a kill. Data, model, adapter
and optimizer must be the same; differences are listed and refused.

JSON is { device, model {path, parameters}, trainable, data {examples, tokens,
trainedTokens, refused, cut}, steps, losses [one per step], validation [{step,
loss, perplexity, bitsPerByte, accuracy}], before {…}, after {…}, best, keep
{better, same, worse}, samples, seconds, trainedTokensPerSecond,
tokensPerSecond, peakBytes, peakResidentBytes }. Losses are in nats per trained
token, before each update. With --json - standard output holds the JSON only.

${EXIT_CODES}`;
