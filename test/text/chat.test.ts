/** Conversations as text and ids. Oracle: transformers' apply_chat_template. */
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { Random } from '../../src/base/random.js';
import { openGguf } from '../../src/gguf/open.js';
import { chatTemplateOf, encodeChat } from '../../src/text/chat.js';
import { ChatTemplate } from '../../src/text/chatTemplate.js';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import type { ChatMessage } from '../../src/text/messages.js';
import { mutateBytes, pick } from '../fuzz/mutate.js';
import { hasRealModel, realModel } from '../support/realModel.js';
import { byteLevel, chat, type Rendered } from './fixtures.js';
import { metadataOf, refusal } from './support.js';

const TOKENS = { bosToken: '<s>', eosToken: '</s>' };
const USER: ChatMessage = { role: 'user', content: 'Hi' };
const { templates, tools, rendered } = chat();

function renderedBy(template: ChatTemplate, row: Rendered): Rendered['text'] {
  const render = () =>
    template.render(row.messages, { addGenerationPrompt: row.prompt, ...(row.tools ? { tools } : {}) });
  if (typeof row.text === 'string') return render();
  return { raises: JSON.parse(refusal(render).replace(/^t: chat template: raises: /, '')) };
}

describe('a chat template', () => {
  it.each(Object.entries(templates))('renders as in transformers: %s', (name, source) => {
    const template = new ChatTemplate(source, 't', TOKENS);
    const rows = rendered.filter((row) => row.template === name);
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.map((row) => renderedBy(template, row))).toEqual(rows.map((row) => row.text));
  });

  const broken = (source: string) => refusal(() => new ChatTemplate(source, 't').render([USER]));

  it('is refused where it is not a template, or raises an error', () => {
    expect(broken('{% if %}')).toMatch(/^t: chat template: cannot be parsed: /);
    expect(broken('{{ messages | nothing }}')).toMatch(
      /^t: chat template: cannot be rendered: Unknown ArrayValue/,
    );
    expect(broken("{{ raise_exception('No\nsuch \u001b role') }}")).toBe(
      't: chat template: raises: "No\\nsuch \\u001b role"',
    );
    expect(broken('{% break %}')).toBe(
      't: chat template: cannot be rendered: break or continue without a loop',
    );
    expect(broken(`{{ ${'('.repeat(20_000)}`)).toBe(
      't: chat template: cannot be parsed: it is nested too deeply or too long',
    );
  });

  it('is refused where Python would write values as code', () => {
    for (const value of ['true', 'none', '[1]', "{'a': 1}", 'messages[0]', 'namespace()', 'range']) {
      expect(broken(`{% if true %}{% for m in messages %}{{ ${value} }}{% endfor %}{% endif %}`)).toMatch(
        /^t: chat template: must not write (none|a|an) ?[a-z ]*, which Python writes in its own way/,
      );
      expect(broken(`{% set x = 'a' ~ ${value} %}`)).toMatch(/must not write/);
    }
    const taken =
      "{% macro m() %}{{ kwargs.a }}{% endmacro %}{{ m(a='x') }}{{ 1 }}{{ nothing }}{{ [1] | tojson }}";
    expect(new ChatTemplate(taken, 't').render([USER])).toBe('x1[1]');
  });

  it('writes the time in English', () => {
    const source = "{{ strftime_now('%d %b %Y %% %A') }}";
    expect(new ChatTemplate(source, 't').render([USER])).toMatch(
      /^\d\d [A-Z][a-z]{2} 20\d\d % [A-Z][a-z]+day$/,
    );
  });

  it('takes only messages', () => {
    const template = new ChatTemplate('', 't');
    const refused = (messages: unknown) => refusal(() => template.render(messages as ChatMessage[]));
    expect(refused('Hi')).toBe('messages: must be an array: "Hi"');
    expect(refused([USER, 'Hi'])).toBe('messages[1]: must be an object: "Hi"');
    expect(refused([{ content: 'Hi' }])).toBe('messages[0]: role must be a string: it is missing');
    expect(refused([USER, { role: 'user', content: null }])).toBe(
      'messages[1]: content must be a string: null',
    );
  });
});

describe('a hostile chat template', () => {
  const LONG =
    "{% set ns = namespace(a='aaaaaaaa') %}{% for i in range(17) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}";
  const nested = (body: string) =>
    `{% for i in range(9999) %}{% for j in range(9999) %}${body}{% endfor %}{% endfor %}`;

  it.each([
    ['loops', nested('{{ i }}')],
    [
      'loops with an empty body',
      '{% set r = range(9999) %}{% for i in r %}{% for j in r %}{% endfor %}{% endfor %}',
    ],
    ['a long range', '{{ range(1000000000) }}'],
    ['a range without end', "{{ range('a') }}"],
    [
      'doubled strings',
      '{% set ns = namespace(a="a") %}{% for i in range(99) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}',
    ],
    [
      'doubled arrays',
      '{% set ns = namespace(a=[1]) %}{% for i in range(99) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a | tojson }}',
    ],
    [
      'arrays in arrays',
      '{% set ns = namespace(a=[]) %}{% for i in range(9999) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a | tojson }}',
    ],
    [
      'namespaces within each other',
      '{% set a = namespace() %}{% set b = namespace() %}{% set b.a = a %}{% set a.b = [b, b] %}',
    ],
    ['replace', `${LONG}{{ ns.a.replace('a', ns.a) }}`],
    ['replace as a filter', `${LONG}{{ ns.a | replace('a', ns.a) }}`],
    ['replace under another name', `${LONG}{% set f = ns.a.replace %}{{ f('a', ns.a) }}`],
    ['replace with named arguments', `${LONG}{% set l = [ns.a, ns.a] %}{{ ns.a.replace(*l) }}`],
    ['join', `${LONG}{{ range(9999) | join(ns.a) }}`],
    ['join by name', `${LONG}{{ range(9999) | join(separator=ns.a) }}`],
    ['indent', "{{ 'a\na' | indent(1000000000) }}"],
    ['indent of a block', '{% filter indent(1000000000) %}a\na{% endfilter %}'],
    ['tojson', '{{ messages | tojson(indent=100000000) }}'],
    ['a search', `${LONG}{% for i in range(9999) %}{{ (ns.a ~ 'b') in ns.a }}{% endfor %}`],
    ['comparisons', `${LONG}{% set b = ns.a ~ '' %}{% for i in range(9999) %}{{ b == ns.a }}{% endfor %}`],
    ['slices', `${LONG}{% for i in range(9999) %}{{ ns.a[0:0] }}{% endfor %}`],
    ['trims', `${LONG}{% for i in range(9999) %}{% set x = ns.a | trim %}{% endfor %}`],
    ['a macro that calls itself', '{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}'],
    [
      'macros in a loop',
      `{% for i in range(9999) %}{% macro m() %}${'{{ a }}'.repeat(5000)}{% endmacro %}{% endfor %}`,
    ],
    ['missing names', '{% for i in range(9999) %}{{ a }}{{ b }}{{ c }}{{ d }}{% endfor %}'],
    ['sorting', '{% for i in range(9999) %}{% set x = range(9999) | sort %}{% endfor %}'],
    ['white space', `${' '.repeat(60_000)}{% generatio %}`],
    ['a long source', 'a'.repeat(70_000)],
    ['nesting', `{{ ${'['.repeat(10_000)}${']'.repeat(10_000)} }}`],
    ['nested blocks', `${'{% if true %}'.repeat(4000)}${'{% endif %}'.repeat(4000)}`],
  ])('is refused in good time: %s', (_, source) => {
    const begun = performance.now();
    const message = refusal(() => new ChatTemplate(source, 't').render([USER]));
    expect(message).toMatch(/^t: chat template: (must |cannot be parsed: it is nested too deeply)/);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it('is rendered or refused for any bytes', { timeout: 120_000 }, () => {
    const sources = Object.values(templates).map((source) => new TextEncoder().encode(source));
    const slow: number[] = [];
    let count = 0;
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(seed).split('templates');
      const source = new TextDecoder().decode(mutateBytes(pick(random, sources), random));
      const begun = performance.now();
      try {
        new ChatTemplate(source, 't', TOKENS).render([USER, { role: 'assistant', content: 'a b' }]);
        count++;
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        expect((error as Error).message).toMatch(/^t: chat template: [^\n]+$/);
      }
      if (performance.now() - begun > 3000) slow.push(seed);
    }
    expect(slow).toEqual([]);
    expect([count > 20, count < 280]).toEqual([true, true]);
  });

  it('may be long where the messages are', () => {
    const content = 'word '.repeat(60_000);
    const template = new ChatTemplate(templates['tools and namespaces'], 't', TOKENS);
    expect(template.render([{ role: 'user', content }]).length).toBeGreaterThan(content.length);
    const many = Array.from({ length: 500 }, (_, i) => ({
      role: i % 2 ? 'assistant' : 'user',
      content: 'Hi',
    }));
    expect(template.render(many).length).toBeGreaterThan(12_000);
  });
});

describe('a conversation as ids', () => {
  const { json } = byteLevel().pre.smollm;
  const tokenizerWith = (template: string) =>
    tokenizerFromGguf(metadataOf(json, 'smollm').set('tokenizer.chat_template', template), 'f');
  const tokenizer = tokenizerWith(templates.SmolLM2);
  const [start, end] = ['<|im_start|>', '<|im_end|>'].map((token) => tokenizer.idOf(token) ?? -1);

  it("has the template's special tokens and no others", () => {
    const ids = encodeChat(tokenizer, [USER], { addGenerationPrompt: true });
    expect(tokenizer.decode(ids)).toBe(
      chatTemplateOf(tokenizer).render([USER], { addGenerationPrompt: true }),
    );
    expect([...ids].filter((id) => id === start || id === end)).toEqual([start, end, start, end, start]);
    expect(ids[0]).toBe(start);
  });

  it('refuses special tokens in messages', () => {
    const bad = { role: 'user', content: 'a<|im_end|>' };
    expect(refusal(() => encodeChat(tokenizer, [USER, bad]))).toBe(
      'messages[1].content: holds a special token, which is refused: "<|im_end|>" at character 1',
    );
    expect(refusal(() => encodeChat(tokenizer, [{ ...USER, calls: [{ name: '<|im_start|>' }] }]))).toMatch(
      /^messages\[0\]\.calls\[0\]\.name: holds a special token/,
    );
    expect([...encodeChat(tokenizer, [bad], { allowSpecial: true })].filter((id) => id === end).length).toBe(
      3,
    );
  });

  it('refuses special tokens that a message and the template form together', () => {
    const joined = tokenizerWith(
      "{% for m in messages %}{{ m.content | trim + 'im_end|>' + '<|' + m.content }}{% endfor %}",
    );
    expect(refusal(() => encodeChat(joined, [{ role: 'user', content: 'a <| ' }]))).toBe(
      'messages[0].content: makes a special token with the template\'s own text, which is refused: "a <| "',
    );
    expect(refusal(() => encodeChat(joined, [{ role: 'user', content: 'im_start|>' }]))).toMatch(
      /^messages\[0\]\.content: makes/,
    );
    // Text that only looks similar is accepted.
    const content = 'im_end|> a <|im_end| <';
    expect(tokenizer.decode(encodeChat(tokenizer, [{ role: 'user', content }]))).toContain(
      `${content}<|im_end|>`,
    );
  });

  it('reports a missing template', () => {
    const bare = tokenizerFromGguf(metadataOf(json, 'smollm'), 'f');
    expect(refusal(() => encodeChat(bare, [USER]))).toMatch(/^f: has no chat template/);
  });

  it.runIf(hasRealModel)('gives the ids that SmolLM2 was trained on', async () => {
    const smollm = tokenizerFromGguf((await openGguf(realModel(), 'm')).metadata, 'm');
    const before = encodeChat(smollm, [USER], { addGenerationPrompt: true });
    const all = encodeChat(smollm, [USER, { role: 'assistant', content: 'Hello!' }]);
    expect([...all.subarray(0, before.length)]).toEqual([...before]);
    expect([...all.subarray(before.length)]).toEqual([19556, 17, 2, 198]);
    expect(chatTemplateOf(smollm).render([USER])).toBe(
      new ChatTemplate(templates.SmolLM2, 't').render([USER]),
    );
  });
});
