interface SystemPromptProps {
  readonly system: string | undefined;
  readonly defaultSystem: string | undefined;
  readonly onSystem: (system: string | undefined) => void;
}

/** One system prompt for all the examples, or none. */
export function SystemPrompt({ system, defaultSystem, onSystem }: SystemPromptProps) {
  return (
    <details class="examples-system">
      <summary>System prompt: {system === undefined ? 'none' : `“${shortened(system)}”`}</summary>
      <label>
        <span>
          The model reads it before every example and every question in Try. Leave it empty for none.
        </span>
        <div class="examples-cell" data-text={`${system ?? ''} `}>
          <textarea
            rows={1}
            value={system ?? ''}
            onInput={({ currentTarget }) =>
              onSystem(currentTarget.value === '' ? undefined : currentTarget.value)
            }
          />
        </div>
      </label>
      {defaultSystem !== undefined && defaultSystem !== system && (
        <p class="hint">
          {system === undefined
            ? `While it is empty, the model’s own template says “${defaultSystem}”, here and in Try.`
            : `It replaces what the model’s own template says: “${defaultSystem}”.`}
        </p>
      )}
    </details>
  );
}

const LONGEST = 60;
const shortened = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
