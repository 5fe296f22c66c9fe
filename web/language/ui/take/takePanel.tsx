/** The ways to take an adapter and its examples with you. */
import { count, integer } from '../../../format.js';
import { CopyLink } from '../../../ui/take/copyLink.js';
import { TakeButton } from '../../../ui/take/takeButton.js';
import type { AdapterInfo } from '../../api.js';
import { type BaseModel, fitsSentence, llamaLine, ollamaLines } from '../../takeTexts.js';
import { CopyLines } from './copyLines.js';
import { keptWords, numberBytes, sizeOf, taughtWords } from './words.js';
import '../../../styles/take.css';
import '../../../styles/language-take.css';

export interface TakePanelProps {
  readonly adapter: AdapterInfo | undefined;
  readonly base: BaseModel | undefined;
  /** Number of examples. */
  readonly rows: number;
  /** Sizes in bytes, if known, to be shown before a download. An adapter's default to an estimate. */
  readonly sizes: {
    readonly peft?: number | undefined;
    readonly gguf?: number | undefined;
    readonly examples?: number | undefined;
    readonly project?: number | undefined;
  };
  /** Whether a lesson is running. */
  readonly busy: boolean;
  readonly onPeft: () => void;
  readonly onGguf: () => void;
  readonly onExamples: () => void;
  readonly onProject: () => void;
  /** Makes the link; undefined if it failed, which the page has reported. */
  readonly onCopyLink: () => string | undefined;
  /** Why there is no link, as a sentence. */
  readonly linkObstacle: string | undefined;
  readonly onRemove: () => void;
}

const NOTHING_YET = 'There is no adapter yet: teach the model something first.';
const NO_EXAMPLES = 'There are no examples yet.';
const BUSY = 'A lesson is running: you can take this when it is over.';

export function TakePanel(props: TakePanelProps) {
  const { adapter, base, busy } = props;
  return (
    <div class="lm-take">
      <About adapter={adapter} base={base} />
      <Ways {...props} />
      {adapter && base && adapter.ggufObstacle === undefined && <Elsewhere base={base} />}
      {adapter && (
        <button
          type="button"
          class="quiet take-remove"
          aria-disabled={busy}
          onClick={() => {
            if (!busy) props.onRemove();
          }}
        >
          Remove the adapter
        </button>
      )}
    </div>
  );
}

function Ways(props: TakePanelProps) {
  const { adapter, rows, sizes, busy } = props;
  const weights = adapter && numberBytes(adapter);
  const noAdapter = adapter ? (busy ? BUSY : undefined) : NOTHING_YET;
  const noRows = rows === 0 ? NO_EXAMPLES : undefined;
  const noProject = noRows ?? (busy ? BUSY : undefined);
  return (
    <div class="take-ways">
      <TakeButton icon="zip" label="PEFT adapter (.zip)" obstacle={noAdapter} onClick={props.onPeft}>
        {sizeOf(sizes.peft ?? weights)}For Hugging Face PEFT in Python, with a note on how to load it. This
        page opens it too.
      </TakeButton>
      <TakeButton
        icon="zip"
        label="GGUF adapter"
        obstacle={noAdapter ?? adapter?.ggufObstacle}
        onClick={props.onGguf}
      >
        {sizeOf(sizes.gguf ?? weights)}For llama.cpp, Ollama and LM Studio, next to the model's own file.
      </TakeButton>
      <TakeButton icon="zip" label="Examples (.jsonl)" obstacle={noRows} onClick={props.onExamples}>
        {sizeOf(sizes.examples)}
        {count(rows, 'example')}, in a format that other training programs read.
      </TakeButton>
      <TakeButton icon="zip" label="Project" obstacle={noProject} onClick={props.onProject}>
        {sizeOf(sizes.project ?? weights)}Everything in one file: examples, settings
        {adapter ? ' and the adapter' : ''}. This page opens it.
      </TakeButton>
      <div>
        <CopyLink onCopyLink={props.onCopyLink} obstacle={noRows ?? props.linkObstacle}>
          The link carries the examples and settings, not the adapter: whoever opens it presses Teach.
        </CopyLink>
      </div>
    </div>
  );
}

function About({ adapter, base }: Pick<TakePanelProps, 'adapter' | 'base'>) {
  if (!adapter) return <p>{NOTHING_YET} You can take the examples already.</p>;
  const { rank, alpha, trainable } = adapter;
  return (
    <p class="lm-about">
      <strong>{taughtWords(adapter)}</strong> Rank {rank}, alpha {alpha}: {integer(trainable)} numbers.{' '}
      {base && <span class="lm-fits">{fitsSentence(base)}</span>} {keptWords(adapter)}
    </p>
  );
}

function Elsewhere({ base }: { readonly base: BaseModel }) {
  return (
    <details class="lm-elsewhere">
      <summary>How other programs load the GGUF adapter</summary>
      <CopyLines title="llama.cpp" text={llamaLine(base)} />
      <CopyLines title="Ollama, in a Modelfile" text={ollamaLines(base)} />
    </details>
  );
}
