/** The model, the page's own or the visitor's, while it loads and in use, and what this device keeps of it. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Loading, ModelFacts, ModelView, Stored } from '../../api.js';
import type { ModelManifest } from '../../model/manifest.js';
import type { OwnModel } from '../../state.js';
import { Announcer, LoadingPart } from './loadingPart.js';
import { OwnModelPart } from './ownModel.js';
import { ShippedActions } from './shippedActions.js';
import { size, weights } from './words.js';
import '../../../styles/language-model.css';

export interface ModelPanelProps {
  /** `shippedModel` of model/manifest.ts; undefined if this build has none. */
  readonly shipped: ModelManifest | undefined;
  /** What the browser keeps; undefined until it has answered. */
  readonly stored: Stored | undefined;
  /** Progress of loading; undefined while nothing loads. */
  readonly loading: Loading | undefined;
  /** Facts of the model that is being loaded, once its header has been read. */
  readonly loadingFacts: ModelFacts | undefined;
  /** The model in use; `isOwn` says that it is the visitor's. */
  readonly model: ModelView | undefined;
  readonly isOwn: boolean;
  readonly own: OwnModel | undefined;
  /** Why the model could not be loaded, as a sentence. */
  readonly problem: string | undefined;
  /** `offeredBytes()` of model/room.ts. */
  readonly offeredBytes: number | undefined;
  /** `isMetered()` of model/room.ts. */
  readonly isMetered: boolean;
  readonly isOnline: boolean;
  /** Starts or continues the download, opens the kept model, or tries again: `openShipped`. */
  readonly onOpen: () => void;
  readonly onPause: () => void;
  readonly onResume: () => void;
  readonly onDelete: () => void;
  readonly onFiles: (files: readonly File[]) => void;
  readonly onUseOwn: () => void;
  readonly onForgetOwn: () => void;
}

export function ModelPanel(props: ModelPanelProps) {
  const { shipped, loading, loadingFacts, model, isOwn, own, problem, isOnline, offeredBytes } = props;
  const isShippedLoading = loadingFacts === undefined || loadingFacts.name === shipped?.name;
  const place = useRef<HTMLDivElement>(null);
  const hadFocus = place.current?.contains(document.activeElement) === true;
  // The pressed button disappears; the focus moves to what replaces it.
  useLayoutEffect(() => {
    if (hadFocus && document.activeElement === document.body) place.current?.focus();
  });
  return (
    <div class="lm-model" ref={place} tabIndex={-1}>
      {model && isOwn && <Card facts={model} state={inUse(model)} notes={model.notes} />}
      {shipped ? (
        <Card
          facts={shipped}
          license={shipped.license}
          state={model && !isOwn ? inUse(model) : undefined}
          notes={model && !isOwn ? model.notes : []}
        />
      ) : (
        <p>This build of the page comes without a model. Open a model file of your own.</p>
      )}
      {problem !== undefined && !loading && <Problem problem={problem} onAgain={props.onOpen} />}
      {loading ? (
        <LoadingPart
          {...{ loading, isOnline, onPause: props.onPause, onResume: props.onResume }}
          facts={loadingFacts ?? shipped}
          hasFigures={isShippedLoading}
          layers={isShippedLoading ? shipped?.layers : undefined}
        />
      ) : (
        shipped && <ShippedActions {...props} shipped={shipped} />
      )}
      <Announcer loading={loading} isOnline={isOnline} />
      {!loading && (
        <OwnModelPart
          {...{
            own,
            offeredBytes,
            onFiles: props.onFiles,
            onUse: props.onUseOwn,
            onForget: props.onForgetOwn,
          }}
        />
      )}
    </div>
  );
}

const inUse = ({ device, threads }: ModelView): string =>
  device === 'webgpu' ? 'Ready · GPU' : `Ready · CPU, ${threads} thread${threads === 1 ? '' : 's'}`;

interface CardProps {
  readonly facts: ModelFacts;
  readonly license?: string;
  readonly state: string | undefined;
  readonly notes: readonly string[];
}

function Card({ facts, license, state, notes }: CardProps) {
  const rows: readonly (readonly [what: string, value: string])[] = [
    ['Weights', weights(facts.parameters)],
    ['Size', size(facts.fileBytes)],
    ['Context', `${facts.contextLength.toLocaleString('en-US')} tokens`],
    ['Memory', `about ${size(facts.neededBytes)}`],
    ...(license === undefined ? [] : [['Licence', license] as const]),
  ];
  return (
    <div class={state ? 'lm-card ready' : 'lm-card'}>
      <h3>
        {facts.name} {state && <span class="lm-state">{state}</span>}
      </h3>
      <dl>
        {rows.map(([what, value]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {notes.map((note) => (
        <p class="hint" key={note}>
          {note}
        </p>
      ))}
    </div>
  );
}

function Problem({ problem, onAgain }: { readonly problem: string; readonly onAgain: () => void }) {
  return (
    <div class="message error lm-said" role="alert">
      <span>{problem}</span>
      <button type="button" onClick={onAgain}>
        Try again
      </button>
    </div>
  );
}
