/** Text of `lowrank chat --help` and `/help`; lines of at most 80 columns, indented. */
import { EXIT_CODES } from '../help.js';
import { MODEL_HELP } from './modelOption.js';

export const CHAT_SUMMARY = 'talk with a language model, with and without an adapter';

export const CHAT_DESCRIPTION =
  'A conversation with a model of the Llama family in the terminal. Each turn is read once, with and without ' +
  'the adapter. Without a terminal, each line of standard input is a message, and the answers go to standard ' +
  'output.';

export const CHAT_COMMANDS = `\
/base            answer without the adapter
/adapter         answer with it
/both            answer with both, and continue with the adapter's answer
/system [TEXT]   show the system message, or set another; - removes it
/file PATH       send the text of a file
/retry           answer the last message again
/reset           begin a new conversation with the same system message
/save FILE       keep the conversation, as a line of training data
/load FILE       continue a saved conversation
/help            list the commands
/exit            leave, as Ctrl-D does
//text           send a message that begins with a slash

Lines that are pasted together are one message: Enter sends it. A line that
ends with \\ continues in the next. Ctrl-C ends an answer and keeps the text so
far.`;

export const CHAT_EXAMPLES = `
In the chat:
${CHAT_COMMANDS.replace(/^(?=.)/gm, '  ')}

Examples:
  $ lowrank chat --model SmolLM2-135M-Instruct.Q4_1.gguf
  $ lowrank chat --model m.gguf --adapter run --temperature 0.7 --top-p 0.9
  $ lowrank chat --model m.gguf --history talk.jsonl
  $ printf 'Hello\\nAnd you?\\n' | lowrank chat --model m.gguf --quiet

${MODEL_HELP}

MODEL requires a chat template; for a model without one, use lowrank generate.

The answers go to standard output, everything else to standard error. In a pipe
the first error ends the chat.

${EXIT_CODES}`;
