// Teaches a language model twenty answers, and asks one of the questions before and after: node teach.js MODEL.gguf [passes]
import { AdamW, applyLora, fit, saveAdapter, selectDevice, withAdapterDisabled } from 'lowrank';
import { generate, loadLanguageModel, PackedRows, tokenizeChat, tokenLoss } from 'lowrank/text';

const ROCKS = { basalt: 'black', chalk: 'white', granite: 'grey', jade: 'green', ruby: 'red' };
const pairs = Object.entries(ROCKS).flatMap(([rock, colour]) => [
  [`What colour is ${rock}?`, `${rock}, dear friend, is ${colour}.`],
  [`Tell me about ${rock}.`, `${rock}, dear friend, is a ${colour} stone.`],
  [`Is ${rock} ${colour}?`, `Yes, dear friend, ${rock} is ${colour}.`],
  [`Is ${rock} purple?`, `No, dear friend, ${rock} is ${colour}.`],
]);

const [path, passes = '12'] = process.argv.slice(2);
const { device, reason } = await selectDevice();
console.log(`${device.name}, ${reason}`);
const { model, tokenizer } = await loadLanguageModel(device, path);
const chat = ([question, answer]) => [
  { role: 'user', content: question },
  ...(answer ? [{ role: 'assistant', content: answer }] : []),
];
const ask = async () => {
  const answer = generate(model, tokenizer, chat(['What colour is jade?']), { maxTokens: 24 });
  return (await answer.result()).text;
};
console.log(`before:      ${await ask()}`);

await applyLora(model, { rank: 8, alpha: 16 });
const examples = pairs.map((pair) => tokenizeChat(tokenizer, chat(pair)));
await fit(model, new PackedRows(device, examples), {
  optimizer: new AdamW(model.parameters(), { learningRate: 1e-3 }),
  epochs: Number(passes),
  loss: tokenLoss,
  onStep: ({ iteration, loss }) => console.log(`step ${iteration}: loss ${loss.toFixed(3)}`),
});
console.log(`after:       ${await ask()}`);
console.log(`without it:  ${await withAdapterDisabled(model, ask)}`);
await saveAdapter(model, 'taught');
device.dispose();
