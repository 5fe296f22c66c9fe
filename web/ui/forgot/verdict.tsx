import { integer } from '../../format.js';
import type { Counts } from '../../lab/views.js';
import { type Change, changesOf, totalWords } from './changes.js';

/** What an adapter changed, in two numbers and a sentence; only the sentence without an adapter. */
export function Verdict({ counts, digits }: { readonly counts: Counts; readonly digits: readonly number[] }) {
  const { base, adapted } = counts;
  const changes = adapted ? changesOf(base, adapted, digits) : [];
  return (
    <div class="verdict" aria-live="polite">
      {changes.map((change) => (
        <p key={change.words} class={`tile ${tone(change)}`}>
          <strong>{integer(change.count)}</strong> <span>{change.words}</span>
        </p>
      ))}
      <p class="total">{totalWords(counts)}</p>
    </div>
  );
}

const tone = ({ count, isMore }: Change) => (count === 0 ? '' : isMore ? 'good' : 'bad');
