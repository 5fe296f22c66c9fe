/** Text of `lowrank data --help` besides the list of options; lines of at most 80 columns. */
import { EXIT_CODES } from '../help.js';
import { MODEL_HELP } from './modelOption.js';

export const DATA_SUMMARY = 'show what a model would be trained on: tokens, counts, what is refused';

export const DATA_DESCRIPTION =
  'Reads training examples and shows what would be trained: how many examples and tokens, which of them are ' +
  "trained, how long they are, and what would be refused. It requires only the model's tokenizer, and no device.";

/** The explanation of DATA in `--help`, for every command that trains. */
export const DATA_HELP = `DATA is a folder with train.jsonl and, if there are any, valid.jsonl and
test.jsonl (also .json, .csv, .tsv), or one file. Where there is no file for
validation, a tenth of the training examples is held out, drawn by --seed.

An example is a JSON object on a line of its own or in an array, or a row of a
table whose first row names the columns. Its keys show what it is:
  messages                    a chat: [{ role, content }, …], also with tools
  prompt, completion          also question, answer and input, output
  text                        all of it is trained
  conversations               ShareGPT: [{ from, value }, …]
  instruction, input, output  Alpaca`;

export const DATA_EXAMPLES = `
Examples:
  $ lowrank data --model m.gguf --data my-data
  $ lowrank data --model m.gguf --data chats.jsonl --show 3
  $ lowrank data --model m.gguf --data my-data --skip-bad --long drop --json -

${MODEL_HELP}

${DATA_HELP}

The answers of the assistant are trained, each with the token that ends its
turn, or with --train-on all every token but the first. --show marks them
⟦like this⟧, and in green where the terminal has colours; │ stands between two
tokens, ↵ for a newline. An answer with weight 0 is not trained.

The report goes to standard output, even when a training run would refuse the
data: it ends with what is wrong. JSON is { files, train, valid, test,
maxLength, long, lengths, system, duplicates, unused, problems }. With --json -
standard output holds the JSON only.

${EXIT_CODES}`;
