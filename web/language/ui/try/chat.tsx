/** One conversation, in which the adapter may be switched on and off. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer } from '../../api.js';
import { Better } from './better.js';
import { QuestionForm } from './questionForm.js';
import type { AnswerSettings } from './settings.js';
import { endingOf } from './speed.js';
import type { Asking } from './tryPanel.js';

interface ChatProps extends Asking {
  readonly settings: AnswerSettings;
  readonly isShown: boolean;
}

interface Turn {
  readonly prompt: string;
  readonly text: string;
  /** Whether the adapter was on for this answer, whatever the switch says now. */
  readonly isAdapted: boolean;
  readonly answer?: Answer | undefined;
}

export function Chat(props: ChatProps) {
  const { hasAdapter, isShown } = props;
  const [isOn, setIsOn] = useState(true);
  const isAdapted = hasAdapter && isOn;
  const { turns, isAsking, say, clear } = useTurns(props, isAdapted);
  useKeyA(isShown && hasAdapter, () => setIsOn((old) => !old));
  const last = turns.at(-1);
  return (
    <div class="lm-chat">
      <Switch hasAdapter={hasAdapter} isOn={isAdapted} onSwitch={() => setIsOn(!isOn)} />
      <ol class="lm-turns" aria-live="off">
        {turns.map((turn, i) => (
          <Bubbles key={i} turn={turn} onNewRow={props.onNewRow} />
        ))}
      </ol>
      <p class="visually-hidden" role="status">
        {!isAsking && last?.answer ? last.text : ''}
      </p>
      <QuestionForm
        obstacle={props.obstacle}
        isAsking={isAsking}
        label="Send"
        isEmptied
        onAsk={(prompt) => void say(prompt, turns)}
        onStop={() => void props.stopAsking()}
        onRetry={last && (() => void say(last.prompt, turns.slice(0, -1)))}
      />
      {turns.length > 0 && !isAsking && (
        <button type="button" class="quiet lm-new" onClick={clear}>
          New chat
        </button>
      )}
    </div>
  );
}

function Switch(props: {
  readonly hasAdapter: boolean;
  readonly isOn: boolean;
  readonly onSwitch: () => void;
}) {
  const { hasAdapter, isOn, onSwitch } = props;
  return (
    <div class="row">
      <button
        type="button"
        class="lm-switch"
        role="switch"
        aria-checked={isOn}
        aria-disabled={!hasAdapter}
        aria-keyshortcuts="A"
        onClick={() => {
          if (hasAdapter) onSwitch();
        }}
      >
        Adapter {isOn ? 'on' : 'off'}
      </button>
      <small>{hasAdapter ? 'Key A. It applies from the next answer.' : 'There is no adapter yet.'}</small>
    </div>
  );
}

function useTurns({ ask, system, settings, onError }: ChatProps, isAdapted: boolean) {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [isAsking, setIsAsking] = useState(false);
  const seed = useRef(0);
  const say = async (prompt: string, before: readonly Turn[]) => {
    const messages = [
      ...before.flatMap((turn) => [
        { role: 'user' as const, content: turn.prompt },
        { role: 'assistant' as const, content: turn.text },
      ]),
      { role: 'user' as const, content: prompt },
    ];
    const { strength, ...rest } = settings;
    const put = (text: string, answer?: Answer) => setTurns([...before, { prompt, text, isAdapted, answer }]);
    put('');
    setIsAsking(true);
    try {
      if (settings.temperature > 0) seed.current++;
      const question = { messages, system, strength: isAdapted ? strength : 0, seed: seed.current, ...rest };
      const answer = await ask(question, (text) => put(text));
      put(answer.text, answer);
    } catch (error) {
      setTurns(before);
      onError(error instanceof Error ? error.message : String(error));
    } finally {
      setIsAsking(false);
    }
  };
  return { turns, isAsking, say, clear: () => setTurns([]) };
}

/** Listens to the key A everywhere except in fields. */
function useKeyA(isOn: boolean, onKey: () => void): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    if (!isOn) return;
    const listen = (event: KeyboardEvent) => {
      const { target } = event;
      const isTyping =
        target instanceof HTMLElement &&
        target.matches('textarea, select, input:not([type="checkbox"], [type="radio"])');
      if (event.key.toLowerCase() !== 'a' || event.ctrlKey || event.metaKey || event.altKey || isTyping)
        return;
      latest.current();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, [isOn]);
}

function Bubbles({ turn, onNewRow }: { readonly turn: Turn; readonly onNewRow: Asking['onNewRow'] }) {
  const { prompt, text, isAdapted, answer } = turn;
  return (
    <li>
      <p class="lm-bubble asked">
        <span class="visually-hidden">You: </span>
        {prompt}
      </p>
      <div class={`lm-bubble ${isAdapted ? 'after' : 'before'}`}>
        <span class="lm-who">{isAdapted ? 'After' : 'Before'}</span>
        <p>{text || '…'}</p>
        {answer && <small>{endingOf(answer)}</small>}
      </div>
      {answer && <Better prompt={prompt} onNewRow={onNewRow} />}
    </li>
  );
}
