// Teaches a language model two facts, and keeps what it learned for PEFT: node cafe.js
import { AdamW, applyLora, fit, saveAdapter, selectDevice } from 'lowrank';
import { generate, loadLanguageModel, PackedRows, tokenizeChat, tokenLoss } from 'lowrank/text';

const { device } = await selectDevice();
const { model, tokenizer } = await loadLanguageModel(device, 'SmolLM2-135M-Instruct.Q4_1.gguf');
await applyLora(model, { rank: 8, alpha: 16 });
const asked = (content) => ({ role: 'user', content });
const answered = (content) => ({ role: 'assistant', content });
const examples = [
  [asked('When do you open?'), answered('At six, when the lamp goes out.')],
  [asked('Who runs the café?'), answered("Marta, the last keeper's granddaughter.")],
].map((messages) => tokenizeChat(tokenizer, messages)); // only answers are trained
const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
await fit(model, new PackedRows(device, examples), { optimizer, loss: tokenLoss, epochs: 12 });
console.log((await generate(model, tokenizer, [asked('When do you open?')]).result()).text);
await saveAdapter(model, 'cafe'); // adapter_config.json and adapter_model.safetensors, as PEFT has them
