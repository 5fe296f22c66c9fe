import type { Row, RowView, SeenToken } from '../../api.js';
import type { Pair } from '../../examples/rows.js';

/** A set of examples to start with. */
export interface PresetChoice {
  readonly id: string;
  readonly name: string;
  /** What it teaches, in a few words. */
  readonly about: string;
}

export interface ExamplesPanelProps {
  readonly rows: readonly Row[];
  /** How rows are tokenized, by row id; rows that are not counted yet are missing. */
  readonly views: ReadonlyMap<string, RowView>;
  /** Whether tokens can be counted. */
  readonly hasTokenizer: boolean;
  /** Largest number of tokens of a row. */
  readonly maxLength: number;
  /** Whether prompts are trained like the answers. */
  readonly trainsPrompts: boolean;
  /** Number of rows that are not trained. */
  readonly heldOut: number;
  readonly onRows: (rows: readonly Row[]) => void;

  readonly presets: readonly PresetChoice[];
  /** The set that was chosen last. */
  readonly preset: string | undefined;
  readonly onPreset: (id: string) => void;

  /** System prompt of every example; undefined for none. */
  readonly system: string | undefined;
  /** System prompt of the model's own template. */
  readonly defaultSystem: string | undefined;
  readonly onSystem: (system: string | undefined) => void;

  /** Reports a change that can be undone. @param said  a sentence without its full stop */
  readonly onUndoable: (said: string, undo: () => void) => void;
  /** A file that was dropped elsewhere for the import to show; `onImporting` reports that it does. */
  readonly toImport?: File | undefined;
  readonly onImporting?: (() => void) | undefined;
  /** Opens a project; if undefined, projects are not accepted. */
  readonly onProject?: ((zip: File) => void) | undefined;
  readonly see: (row: Row) => Promise<readonly SeenToken[]>;
}

/** Examples taken from a file or from pasted text. */
export interface Taken {
  readonly pairs: readonly Pair[];
  /** New system prompt; undefined keeps the present one. */
  readonly system: string | undefined;
  /** Whether they replace the present rows. */
  readonly isReplacing: boolean;
}

/** What the import dialog starts with. */
export interface ImportStart {
  readonly source?: File | string | undefined;
  /** Why there is no text yet, as a sentence. */
  readonly note?: string | undefined;
  /** Puts the text into the cell where it was pasted instead. */
  readonly keepInCell?: (() => void) | undefined;
}
