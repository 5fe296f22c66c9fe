import { useCallback } from 'preact/hooks';
import { Chart, type Colours, commonOption } from './chart.js';

interface WrongChartProps {
  /** Wrong answers by digit. */
  readonly base: readonly number[];
  readonly adapted: readonly number[] | undefined;
  /** The digits adapted to, which are marked. */
  readonly digits: readonly number[];
}

/** Wrong answers of base and adapted model side by side, digit by digit. */
export function WrongChart({ base, adapted, digits }: WrongChartProps) {
  const option = useCallback(
    (colours: Colours) => {
      const { axis, option: common } = commonOption(colours);
      const bars = (name: string, color: string, data: readonly number[]) => ({
        ...{ type: 'bar', name, data: [...data] },
        ...{ itemStyle: { color, borderRadius: [2, 2, 0, 0] }, barMaxWidth: 22, barGap: '10%' },
      });
      const names = base.map((_, digit) => (digits.includes(digit) ? `${digit}\n★` : `${digit}`));
      const both = [bars('base', colours.base, base)];
      if (adapted) both.push(bars('adapted', colours.adapted, adapted));
      return {
        ...common,
        legend: { top: 0, right: 0, textStyle: { color: colours.text } },
        grid: { left: 48, right: 8, top: 40, bottom: 42 },
        xAxis: {
          ...axis,
          type: 'category',
          data: names,
          axisTick: { show: false },
          axisLabel: { ...axis.axisLabel, interval: 0, lineHeight: 15 },
          splitLine: { show: false },
        },
        yAxis: {
          ...axis,
          type: 'value',
          name: 'wrong answers',
          nameTextStyle: { color: colours.text, align: 'left' },
        },
        series: both,
      };
    },
    [base, adapted, digits],
  );
  const marked = digits.length > 0 ? `; adapted to ${digits.join(', ')}, marked with a star` : '';
  const label = `Wrong answers by digit, ${adapted ? 'base and adapted side by side' : 'of the base'}${marked}`;
  return <Chart label={label} height={280} option={option} />;
}
