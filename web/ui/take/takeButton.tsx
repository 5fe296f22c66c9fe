import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Icon } from './icons.js';

interface TakeButtonProps {
  readonly icon: Parameters<typeof Icon>[0]['name'];
  readonly label: string;
  /** Why it cannot be used, as a sentence. */
  readonly obstacle: string | undefined;
  readonly onClick: () => void;
  /** What the button does, shown while it can be used. */
  readonly children: ComponentChildren;
}

/** A button with a line about it. A button that cannot be used can still have the focus, and says why. */
export function TakeButton({ icon, label, obstacle, onClick, children }: TakeButtonProps) {
  const line = useId();
  return (
    <div class="take-way">
      <button
        type="button"
        aria-disabled={obstacle !== undefined}
        aria-describedby={line}
        onClick={() => {
          if (obstacle === undefined) onClick();
        }}
      >
        <Icon name={icon} />
        {label}
      </button>
      <p id={line}>{obstacle ?? children}</p>
    </div>
  );
}
