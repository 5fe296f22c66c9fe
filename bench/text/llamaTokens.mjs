/** Token ids of llama.cpp: `llamaTokens.mjs MODEL < lines.json`; prints for each line its ids as plain text, and with special tokens. */
import { readFileSync } from 'node:fs';
import { getLlama } from 'node-llama-cpp';

const [modelPath] = process.argv.slice(2);
const llama = await getLlama({ build: 'never', gpu: false, logLevel: 'error' });
const model = await llama.loadModel({ modelPath, vocabOnly: true });
const lines = JSON.parse(readFileSync(0, 'utf8'));
const ids = lines.map((line) => [false, true].map((special) => [...model.tokenize(line, special)]));
process.stdout.write(JSON.stringify(ids), () => process.exit(0));
