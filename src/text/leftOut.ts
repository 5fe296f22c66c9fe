/** Parts of a conversation that a chat template leaves out silently: a system message, tools, calls of tools. */
import { DataError } from '../base/errors.js';
import type { ChatTemplate, RenderOptions } from './chatTemplate.js';
import type { ChatMessage } from './messages.js';
import { withoutSpaces } from './pythonStrip.js';

/** Roles that a template must write in full; it may drop the reasoning of earlier answers. */
const ALWAYS_WRITTEN: readonly string[] = ['system', 'developer', 'user'];

/** A conversation, the template, and the rendered text. */
export interface RenderedChat {
  readonly template: ChatTemplate;
  readonly messages: readonly ChatMessage[];
  readonly render: RenderOptions;
  readonly text: string;
}

/**
 * Checks that the text contains the messages, the tools and the calls.
 * @throws DataError for one that it does not contain
 */
export function refuseLeftOut(chat: RenderedChat): void {
  refuseLeftOutMessages(chat, ({ role }) => ALWAYS_WRITTEN.includes(role));
  const { template, messages, render, text } = chat;
  const rendered = (all: readonly ChatMessage[], options: RenderOptions) => template.render(all, options);
  const { tools, ...withoutTools } = render;
  if (tools !== undefined && tools.length > 0 && rendered(messages, withoutTools) === text)
    throw new DataError(`tools: the model's chat template must write them: it leaves them out`);
  const caller = messages.findIndex(calls);
  if (caller < 0) return;
  const silent = messages.map((each) => (calls(each) ? withoutCalls(each) : each));
  if (rendered(silent, render) === text)
    throw new DataError(
      `messages[${caller}].tool_calls: the model's chat template must write them: it leaves them out`,
    );
}

/**
 * Checks that the text contains some messages. White space is not compared, since templates trim it.
 * @throws DataError for the first message that the text does not contain
 */
export function refuseLeftOutMessages(
  { messages, text }: Pick<RenderedChat, 'messages' | 'text'>,
  isWritten: (message: ChatMessage) => boolean,
): void {
  const written = withoutSpaces(text);
  let from = 0;
  for (const [i, message] of messages.entries()) {
    if (!isWritten(message)) continue;
    const { role, content } = message;
    const said = withoutSpaces(content);
    // Messages usually appear in their order, which saves time; some templates put the system message further down.
    const next = written.indexOf(said, from);
    const at = next >= 0 ? next : written.indexOf(said);
    if (at < 0)
      throw new DataError(
        `messages[${i}].content: the model's chat template must write it: it leaves out what ${role} says, or a part of it`,
      );
    from = Math.max(from, at + said.length);
  }
}

function calls({ tool_calls: given }: ChatMessage): boolean {
  return Array.isArray(given) && given.length > 0;
}

function withoutCalls({ tool_calls: _, ...rest }: ChatMessage): ChatMessage {
  return rest as ChatMessage;
}
