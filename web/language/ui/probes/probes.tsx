/** The answers before and after, with a scrubber over those during the lesson. */
import { useState } from 'preact/hooks';
import type { ShownStop } from './answersTo.js';
import { Parting } from './parting.js';
import { Scrubber } from './scrubber.js';
import { useTyped } from './useTyped.js';
import '../../../styles/language-probes.css';

export interface ProbesProps {
  /** At most two questions. */
  readonly prompts: readonly string[];
  /** Answers in the order of their steps; the first is the base, step 0. */
  readonly stops: readonly ShownStop[];
  /** Steps of the whole lesson. */
  readonly steps: number;
  /** Whether more stops come or are played: answers appear as if typed, and the newest is shown until another is picked. */
  readonly isLive: boolean;
  /** Index of the stop to show, if the caller decides. */
  readonly at?: number | undefined;
  readonly onAt?: ((at: number) => void) | undefined;
  /** Changes the second question, which is the visitor's own; undefined while it cannot be changed. */
  readonly onSecond?: ((prompt: string) => void) | undefined;
}

export function Probes({ prompts, stops, steps, isLive, at, onAt, onSecond }: ProbesProps) {
  const [chosen, setChosen] = useState<number>();
  const newest = stops.length - 1;
  const shown = Math.max(0, Math.min(newest, at ?? chosen ?? newest));
  const show = (stop: number) => {
    onAt?.(stop);
    // At the end it follows the newest again.
    setChosen(stop === newest ? undefined : stop);
  };
  return (
    <div class="lm-probes">
      {prompts.map((prompt, i) => (
        <Probe
          key={i}
          prompt={prompt}
          before={stops[0]?.answers[i]}
          after={shown > 0 ? stops[shown]?.answers[i] : undefined}
          isTyped={isLive && (at !== undefined || shown === newest)}
          isPlaying={isLive}
          onPrompt={i === 1 ? onSecond : undefined}
        />
      ))}
      {stops.length > 1 && <Scrubber stops={stops} steps={steps} at={shown} onAt={show} />}
    </div>
  );
}

interface ProbeProps {
  readonly prompt: string;
  readonly before: string | undefined;
  /** Undefined at step 0, where nothing has changed yet. */
  readonly after: string | undefined;
  readonly isTyped: boolean;
  readonly isPlaying: boolean;
  readonly onPrompt: ((prompt: string) => void) | undefined;
}

function Probe({ prompt, before, after, isTyped, isPlaying, onPrompt }: ProbeProps) {
  return (
    <article class="lm-probe" aria-label={`Question: ${prompt}`}>
      {onPrompt ? (
        <label class="lm-own-question">
          Your own question
          <input
            type="text"
            value={prompt}
            placeholder="Ask it in other words"
            maxLength={500}
            onChange={({ currentTarget }) => onPrompt(currentTarget.value)}
          />
        </label>
      ) : (
        <p class="lm-question">{prompt}</p>
      )}
      <div class="lm-columns">
        <div class="lm-side before">
          <div class="lm-name">Before</div>
          <p>{before ?? <Waiting isPlaying={isPlaying} prompt={prompt} />}</p>
        </div>
        <div class="lm-side after">
          <div class="lm-name">After</div>
          <p aria-live="off">
            {after === undefined ? (
              <Same hasBefore={before !== undefined} isPlaying={isPlaying} prompt={prompt} />
            ) : (
              <Typed text={after} other={before ?? ''} isTyped={isTyped} />
            )}
          </p>
        </div>
      </div>
    </article>
  );
}

interface WaitingProps {
  readonly isPlaying: boolean;
  readonly prompt: string;
}

const Waiting = ({ isPlaying, prompt }: WaitingProps) => (
  <span class="lm-soft">{waitingWords(isPlaying, prompt.trim() === '')}</span>
);

function waitingWords(isPlaying: boolean, isEmpty: boolean): string {
  if (isEmpty)
    return isPlaying ? 'No question was asked.' : 'Write a question above, and the lesson asks it too.';
  return isPlaying ? 'Waiting for its answer …' : 'It answers when the lesson begins.';
}

function Same({ hasBefore, ...waiting }: WaitingProps & { readonly hasBefore: boolean }) {
  if (!hasBefore) return <Waiting {...waiting} />;
  return <span class="lm-soft">It has learned nothing yet: same as before.</span>;
}

/** The whole text takes up its space at once, so that nothing moves while it appears. */
function Typed({
  text,
  other,
  isTyped,
}: {
  readonly text: string;
  readonly other: string;
  readonly isTyped: boolean;
}) {
  const length = useTyped(text, isTyped);
  return <Parting text={text} other={other} length={length} />;
}
