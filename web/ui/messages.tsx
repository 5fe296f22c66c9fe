import { closeNotKept, notKept } from '../saved.js';
import { type Message, message } from '../work.js';

/** Messages about what went wrong or was done; they stay until closed, or until something new begins. */
export function Messages() {
  const shown = message.value;
  const close = () => {
    message.value = undefined;
  };
  return (
    <section class="messages" aria-label="Messages">
      <div role={shown?.kind === 'error' ? 'alert' : 'status'}>
        {shown && <Line {...shown} close={close} />}
      </div>
      <div role="status">
        {notKept.value !== undefined && (
          <Line
            kind="note"
            text={`This browser does not keep your work when the page is reloaded or closed: ${notKept.value}.`}
            close={closeNotKept}
          />
        )}
      </div>
    </section>
  );
}

function Line({ kind, text, action, close }: Message & { readonly close: () => void }) {
  return (
    <p class={`message ${kind}`}>
      <span>{text}</span>
      {action && (
        <button
          type="button"
          onClick={() => {
            close();
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" class="quiet" aria-label="Close this message" onClick={close}>
        ✕
      </button>
    </p>
  );
}
