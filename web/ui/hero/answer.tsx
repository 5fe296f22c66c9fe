import { signal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { answer, type Side } from '../../answer.js';
import { percent } from '../../format.js';
import { drawn, ready } from '../../state.js';

/** Time after which an unchanged answer is announced; passing answers are not. */
const SETTLED_MS = 700;

const WHO: Readonly<Record<Side, string>> = {
  before: 'before it learned',
  after: 'after it learned',
  new: 'the new network',
};

/** The digit that the network reads, large. */
export function AnswerFigure() {
  const { side, isLearning, probabilities, digit } = answer.value;
  const share = probabilities && digit !== undefined ? percent(probabilities[digit]) : '';
  return (
    <div class={`answer ${side === 'after' ? 'adapted' : 'base'}`}>
      {/* A new element for each digit and side, so that the change can be seen. */}
      <span key={`${side} ${digit}`} class="figure">
        {probabilities ? (digit ?? '?') : ' '}
      </span>
      <span class="answer-words">
        <strong>{headline(share)}</strong>
        <span>{isLearning && side === 'after' ? 'while it learns' : WHO[side]}</span>
      </span>
      <Announced />
    </div>
  );
}

function headline(share: string): string {
  const { probabilities, digit } = answer.value;
  if (!probabilities) return drawn.value && !ready.value ? 'Loading …' : 'It reads …';
  return digit === undefined ? 'It cannot tell' : `${share} sure`;
}

/** The answer in a sentence, for those who do not see the figure. */
function Announced() {
  const spoken = useRef(signal('')).current;
  useSignalEffect(() => {
    const { side, probabilities, digit } = answer.value;
    if (!probabilities) return;
    const reads = digit === undefined ? 'cannot tell: several digits are equally likely' : `reads ${digit}`;
    const who = { before: 'Before, it', after: 'After, it', new: 'The new network' }[side];
    const timer = setTimeout(() => {
      spoken.value = `${who} ${reads}`;
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  });
  return (
    <span class="visually-hidden" role="status">
      {spoken.value}
    </span>
  );
}
