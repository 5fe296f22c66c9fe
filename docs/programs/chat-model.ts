/** Fine-tunes a language model on four answers, in a program: data, plan, training, measures, files. */
// #region load
import { homedir } from 'node:os';
import {
  AdamW,
  applyLora,
  fit,
  saveAdapter,
  selectDevice,
  withAdapterDisabled,
} from 'lowrank';
import {
  compareExamples,
  evaluateLanguageModel,
  exportAdapterGguf,
  generate,
  loadLanguageModel,
  PackedRows,
  readExamples,
  tokenizeExamples,
  tokenLoss,
  trainingPlan,
} from 'lowrank/text';

const path =
  process.env.LOWRANK_MODEL ??
  `${homedir()}/.cache/lowrank/SmolLM2-135M-Instruct.Q4_1.gguf`;
const { device } = await selectDevice({ deterministic: true });
const { model, tokenizer } = await loadLanguageModel(device, path, {
  precision: 'fast',
});
// #endregion load

// #region data
const lines = [
  { prompt: 'When do you open?', completion: 'At seven.' },
  {
    prompt: 'Do you have oat milk?',
    completion: 'Yes, at no extra charge.',
  },
  {
    prompt: 'May my dog come in?',
    completion: 'Dogs may stay on the terrace.',
  },
  {
    prompt: 'Which bus goes to you?',
    completion: 'Bus 12, to the harbour.',
  },
];
const bytes = new TextEncoder().encode(
  lines.map((line) => JSON.stringify(line)).join('\n'),
);
// In Node also a path: readExamples('cafe.jsonl').
const { examples, format } = await readExamples(bytes);
const { examples: tokens } = tokenizeExamples(tokenizer, examples, {
  system: 'You work in a café.',
});
console.log(`${tokens.length} examples (${format})`);
// #endregion data

// #region plan
await applyLora(model, { rank: 8, alpha: 16 });
const rows = new PackedRows(device, tokens);
const plan = await trainingPlan(model, rows);
model.model.gradientCheckpointing = plan.gradientCheckpointing;
const isSmall = plan.total < 0.5e9;
console.log(
  `a step takes less than 0.5 GB: ${isSmall}, fits: ${plan.fits}`,
);
// #endregion plan

// #region train
const before = await withAdapterDisabled(model, () =>
  evaluateLanguageModel(model, tokenizer, tokens),
);
await fit(model, rows, {
  optimizer: new AdamW(model.parameters(), { learningRate: 2e-3 }),
  loss: tokenLoss,
  epochs: 4,
  clipNorm: 1,
});
const after = await evaluateLanguageModel(model, tokenizer, tokens);
console.log(
  `loss ${before.loss.toFixed(2)} before, ${after.loss.toFixed(2)} after`,
);
const { better, worse } = compareExamples(before, after);
console.log(`${better} examples became better, ${worse} worse`);
// #endregion train

// #region ask
const question = [
  { role: 'system', content: 'You work in a café.' },
  { role: 'user', content: 'Which bus goes to you?' },
];
const { text } = await generate(model, tokenizer, question, {
  maxTokens: 12,
}).result();
console.log(`it answers: ${text}`);
// #endregion ask

// #region files
// In Node also paths: saveAdapter(model, 'my-adapter').
const files = new Map<string, Uint8Array>();
await saveAdapter(model, files);
console.log(`for PEFT: ${[...files.keys()].join(', ')}`);
await exportAdapterGguf(model, files);
console.log(`for llama.cpp: ${[...files.keys()].at(-1)}`);
// #endregion files
device.dispose();
