/** Common parts of the commands. */
import { Option } from 'commander';

/** The streams of a command. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Default: standard input. */
  readonly stdin?: NodeJS.ReadStream | undefined;
}

/** An option whose default is shown as a user would type it. */
export function withDefault(flags: string, description: string, value: string): Option {
  return new Option(flags, description).default(value, value);
}
