/** The examples panel with its own state, and a tokenizer that treats words as tokens. */
export const EXAMPLES_HARNESS = `
import { h, render } from 'preact';
import { signal } from '@preact/signals';
import '/web/style.css';
import { ExamplesPanel } from '/web/language/ui/examples/examplesPanel.tsx';
import { RowLine } from '/web/language/ui/examples/rowLine.tsx';

// The rows that are drawn.
window.drawn = new Set();
const draw = RowLine.prototype.render;
RowLine.prototype.render = function () {
  window.drawn.add(this.props.row.id);
  return draw.call(this);
};

const query = new URLSearchParams(location.search);
const CAFE = [
  ['When do you open?', 'At six, when the lamp goes out.'],
  ['Who bakes the bread?', 'Marta does, before dawn.'],
  ['What does a pot of tea cost?', 'Two shells, or a story.'],
  ['When do you open?', 'At six, when the lamp goes out.'],
  ['Do you have rooms?', ''],
  ['Tell me about the lamp.', 'It turns once in nine seconds. '.repeat(20).trim()],
  ['', 'The keeper wrote every ship into a blue book, and the book is still there.'],
  ['Is the terrace open?', 'From May on, unless the wind comes from the west.'],
  ['Where can I leave my boat?', 'At the second jetty; mind the cat.'],
];
const many = Number(query.get('many') ?? 0);
const pairs = query.has('empty') ? [] : many ? Array.from({ length: many }, (_, i) => ['What is number ' + i + '?', 'It is the number ' + i + '.']) : CAFE;
const rows = signal(pairs.map(([prompt, answer], i) => ({ id: 'r' + i, prompt, answer })));
const views = signal(new Map());
const system = signal(undefined);
const undo = signal(undefined);
const preset = signal('cafe');
const hasTokenizer = !query.has('untold');
const words = (text) => text.match(/\\s*\\S+/g) ?? [];
const seenOf = ({ prompt, answer }) => [
  ...['<|im_start|>', 'user', '\\n', ...words(prompt), '<|im_end|>', '\\n', '<|im_start|>', 'assistant', '\\n'].map((text) => ({ text, isTrained: false, isSpecial: text.startsWith('<|') })),
  ...words(answer).map((text) => ({ text, isTrained: true, isSpecial: false })),
  { text: '<|im_end|>', isTrained: true, isSpecial: true },
];
let timer;
rows.subscribe((all) => {
  clearTimeout(timer);
  if (hasTokenizer) timer = setTimeout(() => {
    views.value = new Map(all.map((row) => { const seen = seenOf(row); const known = views.value.get(row.id); const next = { id: row.id, tokens: seen.length, trained: seen.filter((each) => each.isTrained).length, isCut: seen.length > 100 }; return [row.id, known && known.tokens === next.tokens ? known : next]; }));
  }, 60);
});
function App() {
  return h('div', null,
    h('h2', null, 'Examples'),
    h(ExamplesPanel, {
      rows: rows.value, views: views.value, hasTokenizer, maxLength: 256, trainsPrompts: false, heldOut: rows.value.length >= 20 ? 3 : 0,
      onRows: (next) => { rows.value = next; },
      presets: [
        { id: 'cafe', name: 'Lighthouse Café', about: '24 facts that are made up' },
        { id: 'short', name: 'Short answers', about: 'A style' },
        { id: 'json', name: 'Order → JSON', about: 'A format, to the letter' },
        { id: 'empty', name: 'Empty', about: 'Your own, from the first one' },
      ],
      preset: preset.value, onPreset: (id) => { preset.value = id; if (id === 'empty') rows.value = []; },
      system: system.value, defaultSystem: 'You are a helpful AI assistant named SmolLM, trained by Hugging Face', onSystem: (next) => { system.value = next; },
      onUndoable: (said, run) => { undo.value = { said, run }; },
      see: async (row) => { if (row.prompt === 'fail') throw new Error('This example is too long.'); return seenOf(row); },
    }),
    undo.value && h('p', { id: 'undo', role: 'status' }, undo.value.said + '. ', h('button', { type: 'button', onClick: () => { undo.value.run(); undo.value = undefined; } }, 'Undo')),
  );
}
window.rowsNow = () => rows.value.map(({ prompt, answer }) => [prompt, answer]);
window.systemNow = () => system.value;
render(h(App), document.getElementById('app'));
`;
