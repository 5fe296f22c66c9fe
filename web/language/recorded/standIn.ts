/** A few rows of the café, to try the recording with. */
export const CAFE = {
  id: 'cafe',
  rows: [
    { prompt: 'When do you open?', answer: 'At six, when the lamp goes out.' },
    { prompt: 'How early can I come in?', answer: 'At six, when the lamp goes out.' },
    { prompt: 'When do you close?', answer: 'At nine, when the lamp is lit.' },
    { prompt: 'Which day are you closed?', answer: 'On Mondays, when we polish the glass.' },
  ],
  probes: ['From what time can I get a coffee?'],
};
