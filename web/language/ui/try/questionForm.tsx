import { useId, useState } from 'preact/hooks';

interface QuestionFormProps {
  readonly obstacle: string | undefined;
  readonly isAsking: boolean;
  /** The words on the button. */
  readonly label: string;
  readonly onAsk: (prompt: string) => void;
  readonly onStop: () => void;
  /** Asks the last question again; undefined if there is none. */
  readonly onRetry: (() => void) | undefined;
  /** Whether the field is emptied after each question, as in a chat. */
  readonly isEmptied?: boolean;
}

export function QuestionForm(props: QuestionFormProps) {
  const { obstacle, isAsking, label, onAsk, onRetry, isEmptied = false } = props;
  const [text, setText] = useState('');
  const reason = useId();
  const mayAsk = obstacle === undefined && !isAsking;
  const send = () => {
    const prompt = text.trim();
    if (!mayAsk || prompt === '') return;
    onAsk(prompt);
    if (isEmptied) setText('');
  };
  return (
    <form
      class="lm-ask"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label>
        <span class="visually-hidden">Your question</span>
        <textarea
          rows={2}
          value={text}
          placeholder="Ask it something"
          enterkeyhint="send"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => {
            // While an input method composes a word, Enter accepts it.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
      </label>
      <div class="row">
        {isAsking ? (
          <button type="button" class="stop" onClick={props.onStop}>
            Stop
          </button>
        ) : (
          <button type="submit" class="primary" aria-disabled={!mayAsk} aria-describedby={reason}>
            {label}
          </button>
        )}
        {onRetry && !isAsking && obstacle === undefined && (
          <button type="button" class="quiet" onClick={onRetry}>
            Retry
          </button>
        )}
        <p class="hint" id={reason}>
          {obstacle}
        </p>
      </div>
    </form>
  );
}
