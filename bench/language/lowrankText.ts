/** A prompt and the text after it by lowrank in its own process: `lowrankText.ts REQUEST`, which is JSON; answers as serve.ts says. */
import { type ModelRequest, openModel } from './lowrankModel.js';
import { serve, timed } from './serve.js';
import { continuations, type TextWork, timeText } from './textSlice.js';

interface TextRequest extends ModelRequest {
  readonly work: TextWork;
}

const request: TextRequest = JSON.parse(process.argv[2]);

await serve(async () => {
  const opened = await openModel(request);
  const { work } = request;
  return {
    how: opened.how,
    async check() {
      const answers = (await continuations(opened, work)).flatMap(({ ids }) => [...ids]);
      await timeText(opened, { ...work, tokens: 4 }, timed);
      return answers;
    },
    time: () => timeText(opened, work, timed),
  };
});
