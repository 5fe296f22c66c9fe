import type { Row, RowView, SeenToken } from '../../api.js';
import type { Pair } from '../../examples/rows.js';

/** Examples that are there to begin with. */
export interface PresetChoice {
  readonly id: string;
  readonly name: string;
  /** What it teaches, in a few words. */
  readonly about: string;
}

export interface ExamplesPanelProps {
  readonly rows: readonly Row[];
  /** How rows are tokenized, by their ids; those that are not counted yet are not in it. */
  readonly views: ReadonlyMap<string, RowView>;
  /** There is something to count tokens with. */
  readonly hasTokenizer: boolean;
  /** Tokens that a row may have. */
  readonly maxLength: number;
  /** Rows that are kept out of the training. */
  readonly heldOut: number;
  readonly onRows: (rows: readonly Row[]) => void;

  readonly presets: readonly PresetChoice[];
  /** The one that was chosen last. */
  readonly preset: string | undefined;
  readonly onPreset: (id: string) => void;

  /** Said before every example; undefined for none. */
  readonly system: string | undefined;
  /** What the model's own template would say there. */
  readonly defaultSystem: string | undefined;
  readonly onSystem: (system: string | undefined) => void;

  /** Something was done that can be undone. @param said  a sentence without its full stop */
  readonly onUndoable: (said: string, undo: () => void) => void;
  /** A file that was dropped elsewhere, which the import is to show; told when it does. */
  readonly toImport?: File | undefined;
  readonly onImporting?: (() => void) | undefined;
  /** Takes a project; without it, none is asked for. */
  readonly onProject?: ((zip: File) => void) | undefined;
  readonly see: (row: Row) => Promise<readonly SeenToken[]>;
}

/** What is taken from a file or from what was pasted. */
export interface Taken {
  readonly pairs: readonly Pair[];
  /** Undefined where the one there is stays. */
  readonly system: string | undefined;
  /** They come instead of the rows that are there. */
  readonly isReplacing: boolean;
}

/** What the import begins with. */
export interface ImportStart {
  readonly source?: File | string | undefined;
  /** Why there is nothing yet, as a sentence. */
  readonly note?: string | undefined;
  /** Puts the text into the cell where it was pasted, after all. */
  readonly keepInCell?: (() => void) | undefined;
}
