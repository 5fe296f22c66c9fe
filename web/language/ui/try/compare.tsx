/** One question, two answers side by side. */
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Answer } from '../../api.js';
import { Parting } from '../probes/parting.js';
import { swipeListeners } from '../swipe.js';
import { Better } from './better.js';
import { QuestionForm } from './questionForm.js';
import type { AnswerSettings } from './settings.js';
import { endingOf } from './speed.js';
import type { Asking } from './tryPanel.js';

interface CompareProps extends Asking {
  readonly settings: AnswerSettings;
}

type Side = 'before' | 'after';

interface Said {
  readonly text: string;
  readonly answer?: Answer | undefined;
}

interface Round {
  readonly prompt: string;
  readonly before: Said;
  readonly after: Said;
}

/** Media query for one answer at a time, the same as in language-try.css. */
const TABS = '(max-width: 600px)';
const NOTHING: Said = { text: '' };

export function Compare(props: CompareProps) {
  const { hasAdapter } = props;
  const { round, isAsking, answerBoth, stop } = useBoth(props);
  const [shown, setShown] = useState<Side>('after');
  const swipe = useMemo(
    () =>
      swipeListeners({
        onSwipe: (to) => setShown(to === 'left' ? 'after' : 'before'),
        isOn: () => matchMedia(TABS).matches,
      }),
    [],
  );
  return (
    <div class="lm-compare">
      <QuestionForm
        obstacle={props.obstacle}
        isAsking={isAsking}
        label="Ask both"
        onAsk={(prompt) => void answerBoth(prompt)}
        onStop={stop}
        onRetry={round && (() => void answerBoth(round.prompt))}
      />
      {round && (
        <>
          <Tabs shown={shown} onShown={setShown} />
          <div class={`lm-columns shows-${shown}`} aria-live="off" {...swipe}>
            <Column
              title="Before"
              side="before"
              said={round.before}
              other={round.after}
              isAsking={isAsking}
            />
            {hasAdapter ? (
              <Column
                title="After"
                side="after"
                said={round.after}
                other={round.before}
                isAsking={isAsking}
              />
            ) : (
              <div class="lm-side after">
                <div class="lm-name">After</div>
                <p class="lm-soft">There is no adapter yet: teach the model something first.</p>
              </div>
            )}
          </div>
          {!isAsking && round.after.answer && (
            <Better key={round.prompt} prompt={round.prompt} onNewRow={props.onNewRow} />
          )}
          <p class="visually-hidden" role="status">
            {isAsking ? '' : spoken(round, hasAdapter)}
          </p>
        </>
      )}
    </div>
  );
}

/** Asks the base and the adapter at once. */
function useBoth({ ask, stopAsking, hasAdapter, system, settings, onError }: CompareProps) {
  const [round, setRound] = useState<Round>();
  const [isAsking, setIsAsking] = useState(false);
  const run = useRef({ number: 0 });
  const answerBoth = async (prompt: string) => {
    const mine = { number: run.current.number + 1 };
    run.current = mine;
    setIsAsking(true);
    setRound({ prompt, before: NOTHING, after: NOTHING });
    const { maxTokens, temperature } = settings;
    const seed = temperature === 0 ? 0 : mine.number;
    const one = async (side: Side, strength: number) => {
      const messages = [{ role: 'user' as const, content: prompt }];
      const put = (said: Said) => {
        if (run.current === mine) setRound((old) => old && { ...old, [side]: said });
      };
      const question = { messages, system, strength, maxTokens, temperature, seed };
      const answer = await ask(question, (text) => put({ text }));
      put({ text: answer.text, answer });
    };
    // An answer stays even if the other one fails.
    const asked = [one('before', 0), ...(hasAdapter ? [one('after', settings.strength)] : [])];
    const failed = (await Promise.allSettled(asked)).find((each) => each.status === 'rejected');
    if (failed) onError(failed.reason instanceof Error ? failed.reason.message : String(failed.reason));
    if (run.current === mine) setIsAsking(false);
  };
  const stop = () => void stopAsking();
  return { round, isAsking, answerBoth, stop };
}

const spoken = ({ before, after }: Round, hasAdapter: boolean) =>
  `Before: ${before.text} ${hasAdapter ? `After: ${after.text}` : ''}`;

function Column(props: {
  readonly title: string;
  readonly side: Side;
  readonly said: Said;
  readonly other: Said;
  readonly isAsking: boolean;
}) {
  const { title, side, said, other, isAsking } = props;
  const isOver = said.answer !== undefined && other.answer !== undefined;
  return (
    <div class={`lm-side ${side}`}>
      <div class="lm-name">{title}</div>
      <p>
        {said.text ? (
          <Parting text={said.text} other={isOver ? other.text : ''} />
        ) : (
          <span class="lm-soft">{silence(said, isAsking)}</span>
        )}
      </p>
      {said.answer && <small>{endingOf(said.answer)}</small>}
    </div>
  );
}

function silence({ answer }: Said, isAsking: boolean): string {
  if (answer) return 'It said nothing.';
  return isAsking ? '…' : 'It did not answer.';
}

/** On a phone one answer is shown at a time. */
function Tabs({ shown, onShown }: { readonly shown: Side; readonly onShown: (side: Side) => void }) {
  return (
    <div class="lm-tabs">
      {(['before', 'after'] as const).map((side) => (
        <button
          key={side}
          type="button"
          class={side}
          aria-pressed={shown === side}
          onClick={() => onShown(side)}
        >
          {side === 'before' ? 'Before' : 'After'}
        </button>
      ))}
    </div>
  );
}
