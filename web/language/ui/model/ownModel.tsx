/** A visitor's own model: its files are chosen or dropped and inspected before it is used. */
import { useId, useRef, useState } from 'preact/hooks';
import type { OwnModel } from '../../state.js';
import { needs, tooLarge } from './words.js';

export interface OwnModelProps {
  readonly own: OwnModel | undefined;
  readonly offeredBytes: number | undefined;
  readonly onFiles: (files: readonly File[]) => void;
  readonly onUse: () => void;
  readonly onForget: () => void;
}

export function OwnModelPart({ own, offeredBytes, onFiles, onUse, onForget }: OwnModelProps) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const hint = useId();
  const take = (files: FileList | null | undefined) => {
    if (files && files.length > 0) onFiles([...files]);
  };
  const choose = () => input.current?.click();
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is beside the button, which does the same
    <div
      class={isOver ? 'lm-own over' : 'lm-own'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <div class="row">
        <button type="button" class="quiet" aria-describedby={hint} onClick={choose}>
          I have a GGUF / safetensors
        </button>
        <p class="hint" id={hint}>
          One .gguf file, or config.json, tokenizer.json and .safetensors together. Or drop them here.
        </p>
      </div>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept=".gguf,.safetensors,.json"
        aria-label="Model files"
        onChange={({ currentTarget }) => {
          take(currentTarget.files);
          // This allows choosing the same files again.
          currentTarget.value = '';
        }}
      />
      {own && (
        <Found own={own} offeredBytes={offeredBytes} onUse={onUse} onForget={onForget} onOther={choose} />
      )}
    </div>
  );
}

interface FoundProps extends Pick<OwnModelProps, 'offeredBytes' | 'onUse' | 'onForget'> {
  readonly own: OwnModel;
  readonly onOther: () => void;
}

function Found({ own, offeredBytes, onUse, onForget, onOther }: FoundProps) {
  if (own.state === 'looking') return <p role="status">Reading the header…</p>;
  if (own.state === 'refused')
    return (
      <div class="message error lm-said" role="alert">
        <span>{own.why}</span>
        <button type="button" onClick={onOther}>
          Another file
        </button>
      </div>
    );
  const { facts } = own;
  const large = tooLarge(facts, offeredBytes);
  return (
    <div class="lm-found" role="status">
      <p>
        <strong>{facts.name}</strong>
        <br />
        {needs(facts, offeredBytes)}
      </p>
      {large && <p class="lm-large">{large}</p>}
      <div class="row">
        <button type="button" class={large ? 'quiet' : 'primary'} onClick={onUse}>
          {large ? 'Try anyway' : 'Use it'}
        </button>
        <button type="button" class="quiet" onClick={onOther}>
          Another file
        </button>
        <button type="button" class="quiet" onClick={onForget}>
          Cancel
        </button>
      </div>
    </div>
  );
}
