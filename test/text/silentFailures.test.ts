/**
 * Silent failures of other tools, each with the behaviour here instead: the way of a text to the model.
 * Those of training, adapters and files are in `test/models/silentFailures.test.ts`. Oracle: masks written by hand.
 */
import { describe, expect, it } from 'vitest';
import { shownTokens } from '../../src/cli/language/shownTokens.js';
import { PLAIN as PLAIN_TEXT } from '../../src/cli/paint.js';
import { answerFrame } from '../../src/text/answerFrame.js';
import { encodeChat } from '../../src/text/chat.js';
import { type TokenExample, tokenizeChat, tokenizeCompletion, UNTRAINED } from '../../src/text/examples.js';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import { shortenExamples } from '../../src/text/longExamples.js';
import type { ChatMessage } from '../../src/text/messages.js';
import { Packing } from '../../src/text/packing.js';
import { readExamples } from '../../src/text/readExamples.js';
import { tokenizeExamples } from '../../src/text/tokenizeExamples.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { byteLevel } from './fixtures.js';
import { metadataOf, refusal } from './support.js';

const { json } = byteLevel().pre.smollm;
/** `<|im_start|>` and `<|im_end|>`. */
const [START, END] = [420, 421];

function tokenizerWith(template?: string, changes: Readonly<Record<string, number | boolean>> = {}) {
  const metadata = metadataOf(json, 'smollm');
  metadata.set('tokenizer.ggml.add_bos_token', false);
  if (template !== undefined) metadata.set('tokenizer.chat_template', template);
  for (const [key, value] of Object.entries(changes)) metadata.set(`tokenizer.ggml.${key}`, value);
  return tokenizerFromGguf(metadata, 'f');
}

const PROMPT = "{% if add_generation_prompt %}{{ '<|im_start|>assistant:' }}{% endif %}";
const PLAIN = `{% for m in messages %}{{ '<|im_start|>' + m.role + ':' + m.content + '<|im_end|>' }}{% endfor %}${PROMPT}`;
const plain = tokenizerWith(PLAIN);
const user = (content: string): ChatMessage => ({ role: 'user', content });
const answer = (content: string): ChatMessage => ({ role: 'assistant', content });

/** The trained runs, as text. */
function trained(tokenizer: Tokenizer, { ids, labels }: TokenExample): string[] {
  const runs: string[] = [];
  for (const [i, label] of labels.entries()) {
    if (label === UNTRAINED) continue;
    expect(label).toBe(ids[i]);
    if (labels[i - 1] === UNTRAINED) runs.push('');
    runs[runs.length - 1] += tokenizer.decode([label]);
  }
  return runs;
}

/** An example of untrained tokens followed by trained ones. */
function example(before: number, after: number): TokenExample {
  const ids = Int32Array.from({ length: before + after }, (_, i) => i + 1);
  return { ids, labels: ids.map((id, i) => (i < before ? UNTRAINED : id)) };
}

const countOf = ({ labels }: TokenExample) => labels.filter((label) => label !== UNTRAINED).length;

describe('masks and templates', () => {
  it('a template without generation marks: everything is trained silently', () => {
    const messages = [user('a'), answer('b'), user('c'), answer('d')];
    const marked = PLAIN.replace("{{ '<|im_start|>' + m.role + ':' + m.content + '<|im_end|>' }}", () => {
      return "{{ '<|im_start|>' + m.role + ':' }}{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}";
    });
    for (const tokenizer of [plain, tokenizerWith(marked)])
      expect(trained(tokenizer, tokenizeChat(tokenizer, messages))).toEqual(['b<|im_end|>', 'd<|im_end|>']);
  });

  it('a mask of zeros, under which a loss curve still looks reasonable', () => {
    const none = /^messages: must have a token that is trained: /;
    expect(refusal(() => tokenizeChat(plain, [user('a')]))).toMatch(none);
    expect(refusal(() => tokenizeChat(plain, [user('a'), { ...answer('b'), weight: 0 }]))).toMatch(none);
    const { ids } = example(3, 1);
    const labels = new Int32Array(4).fill(UNTRAINED);
    expect(() => new Packing([example(3, 1), { ids, labels }])).toThrow(
      'examples[1]: must have a token that is trained: it has 4 in all',
    );
  });

  it('an example that is cut until no trained token is left', () => {
    const long = example(60, 4);
    expect(() => new Packing([example(3, 1), long], { maxLength: 32 })).toThrow(
      '1 of 2 have more, the first examples[1], the longest 64',
    );
    const { report } = new Packing([example(3, 1), long], { maxLength: 32, long: 'cut' });
    expect(report).toMatchObject({ examples: 1, trainedTokens: 1, cut: 0, dropped: 1 });
    expect(shortenExamples([long], 32, 'cut')).toEqual({ examples: [], cut: 0, dropped: 1 });
    expect(() => new Packing([long], { maxLength: 32, long: 'cut' })).toThrow(
      'packing: there must be an example of at most 32 tokens: 1 were given',
    );
  });

  it('a prompt that continues past the end of the conversation: a loss of 0 / 0', () => {
    const shorter = tokenizerWith("{{ 'b' }}{% if add_generation_prompt %}{{ 'q7' }}{% endif %}");
    expect(refusal(() => tokenizeChat(shorter, [user(''), answer('')]))).toBe(
      `messages[1]: the template must not change what precedes it: token 1 was "q" (${shorter.idOf('q')}), is missing`,
    );
  });

  it('a mask that is lost on the way from the file to the rows', async () => {
    const lines = [
      { messages: [user('x'), answer('q7'), user('y'), answer('7q')] },
      { messages: [user('x'), answer('7q')] },
    ];
    const file = new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join('\n'));
    const { examples } = tokenizeExamples(plain, (await readExamples(file)).examples);
    const packing = new Packing(examples, { sharePrefix: false });
    const [[plan]] = [...packing.steps(Int32Array.of(0, 1))];
    const { ids, labelRows, targets, trainedTokens } = packing.row(plan);
    const said = ['q', '7', '<|im_end|>', '7', 'q', '<|im_end|>', '7', 'q', '<|im_end|>'];
    expect(trainedTokens).toBe(said.length);
    expect(Array.from(targets.slice(0, trainedTokens), (id) => plain.decode([id]))).toEqual(said);
    const before = Array.from(labelRows.slice(0, trainedTokens), (row) => plain.decode([ids[row]]));
    expect(before).toEqual([':', 'q', '7', ':', '7', 'q', ':', '7', 'q']);
  });

  it('trained tokens that cannot be inspected', () => {
    const shown = shownTokens(plain, tokenizeChat(plain, [user('x'), answer('q7')]), PLAIN_TEXT);
    expect(shown.join('').replaceAll(/\s/g, '')).toMatch(/^<\|im_start\|>│u.*:│?⟦q│7│<\|im_end\|>⟧$/);
  });

  it('text of the template before an answer, trained as if it were said', () => {
    const think = "{{ '<think></think>' }}";
    const always = PLAIN.replace(
      PROMPT,
      `{% if add_generation_prompt %}<|im_start|>assistant:${think}{% endif %}`,
    ).replace('+ m.content', "+ ('<think></think>' if m.role == 'assistant' else '') + m.content");
    const both = tokenizerWith(always);
    expect(trained(both, tokenizeChat(both, [user('a'), answer('b')]))).toEqual(['b<|im_end|>']);
    expect(answerFrame(both)).toEqual({ lead: '', endId: END });
    // The model must write it itself, since the prompt does not: it is trained, and `lowrank data` and `train` report it.
    const own = tokenizerWith(always.replace(`assistant:${think}`, 'assistant:'));
    expect(trained(own, tokenizeChat(own, [user('a'), answer('b')]))).toEqual(['<think></think>b<|im_end|>']);
    expect(answerFrame(own)).toEqual({ lead: '<think></think>', endId: END });
  });

  it('a system message, tools or an answer that the template leaves out', () => {
    const users = tokenizerWith(PLAIN.replace('messages %}', "messages if m.role != 'system' %}"));
    const system: ChatMessage = { role: 'system', content: 'Be brief.' };
    expect(refusal(() => tokenizeChat(users, [system, user('a'), answer('b')]))).toBe(
      "messages[0].content: the model's chat template must write it: it leaves out what system says, or a part of it",
    );
    expect(refusal(() => tokenizeChat(users, [user('a'), answer('b')], { system: 'Be brief.' }))).toBe(
      "system: must not be given: the model's chat template takes none",
    );
    const tools = [{ type: 'function', function: { name: 'f' } }];
    expect(refusal(() => tokenizeChat(plain, [user('a'), answer('b')], { tools }))).toBe(
      "tools: the model's chat template must write them: it leaves them out",
    );
    const calling = [
      { ...answer(''), tool_calls: tools },
      { role: 'tool', content: '7' },
    ];
    expect(refusal(() => tokenizeChat(plain, [user('a'), ...calling, answer('b')]))).toBe(
      "messages[1].tool_calls: the model's chat template must write them: it leaves them out",
    );
    const last = tokenizerWith(PLAIN.replace('+ m.content', "+ m.content.split('=')[-1]"));
    expect(refusal(() => tokenizeChat(last, [user('a'), answer('so = b')]))).toMatch(
      /^messages\[1\]\.content: .* it leaves out what assistant says, or a part of it$/,
    );
    // Many templates trim spaces.
    const trimming = tokenizerWith(PLAIN.replace('m.content', '(m.content | trim)'));
    expect(trained(trimming, tokenizeChat(trimming, [user('\x1c a'), answer(' b\n\x85')]))).toEqual([
      'b<|im_end|>',
    ]);
  });
});

describe('tokens that begin, end and pad', () => {
  it('padding that is also the end of a turn, masked by its id: the model never stops', () => {
    const padded = tokenizerWith(PLAIN, { padding_token_id: END });
    expect([padded.padId, padded.eosIds]).toEqual([END, [END]]);
    const one = tokenizeChat(padded, [user('a'), answer('b'), user('c'), answer('d')]);
    expect(trained(padded, one)).toEqual(['b<|im_end|>', 'd<|im_end|>']);
    // The ends of the user's turns are the same token, and not trained.
    expect(one.ids.filter((id) => id === END).length).toBe(4);
    const [[plan]] = [...new Packing([one]).steps(Int32Array.of(0))];
    const { targets } = new Packing([one]).row(plan);
    expect([...targets].filter((id) => id === END).length).toBe(2);
  });

  it('a turn that ends with a token that the files do not list as an end', () => {
    const other = tokenizerWith(PLAIN, { eos_token_id: START });
    expect(other.eosIds).not.toContain(END);
    expect(answerFrame(other)?.endId).toBe(END);
    expect(trained(other, tokenizeChat(other, [user('a'), answer('b')]))).toEqual(['b<|im_end|>']);
    const endless = tokenizerWith(PLAIN.replace("'<|im_end|>'", "'\n'"));
    expect(answerFrame(endless)).toEqual({ lead: '', endId: undefined });
  });

  it('a loss in which most terms predict an end at padding', () => {
    const packing = new Packing([example(3, 2)], { maxLength: 512 });
    const [[plan]] = [...packing.steps(Int32Array.of(0))];
    const { ids, ranges, targets, trainedTokens } = packing.row(plan);
    expect([ids.length, trainedTokens]).toEqual([32, 2]);
    expect([...targets].filter((target) => target !== UNTRAINED)).toEqual([4, 5]);
    // Padding sees nothing.
    expect(ranges.slice(4 * 4).every((each) => each === 0)).toBe(true);
  });

  it('a token that begins a text, twice in use and once in training', () => {
    const template = `{{ bos_token }}${PLAIN}`;
    const begun = tokenizerWith(template, { add_bos_token: true, bos_token_id: 0 });
    expect([...begun.encode('a', { addSpecialTokens: true })][0]).toBe(0);
    const { ids } = tokenizeChat(begun, [user('a'), answer('b')]);
    const prompt = encodeChat(begun, [user('a')], { addGenerationPrompt: true });
    expect([...prompt].filter((id) => id === 0)).toEqual([0]);
    expect(ids.slice(0, prompt.length)).toEqual(prompt);
  });

  it('a base model whose completions are wrapped into a chat', () => {
    const base = tokenizerWith();
    const one = tokenizeCompletion(base, { prompt: 'x', completion: ' ab' });
    expect(base.decode(one.ids)).toBe('x ab<|im_end|>');
    expect(trained(base, one)).toEqual([' ab<|im_end|>']);
  });
});

describe('lengths and batches', () => {
  it('examples that are cut silently', () => {
    const examples = [example(3, 3), example(30, 10), example(60, 4)];
    expect(() => new Packing(examples, { maxLength: 32 })).toThrow(
      'examples must have at most 32 tokens (maxLength), or long must be cut or drop: 2 of 3 have more',
    );
    const { report } = new Packing(examples, { maxLength: 32, long: 'cut' });
    expect(report).toMatchObject({ examples: 2, trainedTokens: 5, cut: 1, dropped: 1 });
    expect(new Packing(examples, { maxLength: 32, long: 'drop' }).report).toMatchObject({
      ...{ examples: 1, cut: 0, dropped: 2 },
    });
    // Without a given length, the longest example fits.
    expect(new Packing([example(600, 4)]).report).toMatchObject({ examples: 1, cut: 0, dropped: 0 });
  });

  it('a last, smaller step that is never trained', () => {
    const stepsOf = (count: number, options: object) => {
      const packing = new Packing(
        Array.from({ length: count }, () => example(3, 2)),
        options,
      );
      const steps = [...packing.steps(Int32Array.from({ length: count }, (_, i) => i))];
      return steps.map((rows) => rows.flatMap(({ members }) => members));
    };
    expect(stepsOf(5, { batchSize: 2 })).toEqual([[0, 1], [2, 3], [4]]);
    expect(stepsOf(1, { batchSize: 4 })).toEqual([[0]]);
    expect(stepsOf(3, { batchTokens: 4 })).toEqual([[0, 1], [2]]);
    expect(countOf(example(3, 2))).toBe(2);
  });
});
