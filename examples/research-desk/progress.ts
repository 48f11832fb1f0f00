/** Shows how far the work is: a bar that redraws itself on a terminal, a line now and then in a pipe. */
import { styleText } from 'node:util';

export interface Progress {
  step(): void;
  /** Ends the display; `outcome` is what remains of it. */
  done(outcome: string): void;
}

const WIDTH = 28;

export function showProgress(label: string, total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  let count = 0;
  let quarter = 0;
  const say = (text: string): void => void stream.write(text);
  const draw = (): void => {
    const full = Math.round((Math.min(count, total) / total) * WIDTH);
    const bar = styleText('cyan', '█'.repeat(full), { stream }) + '░'.repeat(WIDTH - full);
    say(`\r\x1b[2K${label.padEnd(16)} ${bar} ${count}/${total}`);
  };
  if (stream.isTTY) draw();
  return {
    step() {
      count++;
      if (stream.isTTY) draw();
      else if (Math.floor((count / total) * 4) > quarter && count < total) {
        quarter = Math.floor((count / total) * 4);
        say(`${label}: ${count} of ${total}\n`);
      }
    },
    done(outcome) {
      say(stream.isTTY ? `\r\x1b[2K${label.padEnd(16)} ${outcome}\n` : `${label}: ${outcome}\n`);
    },
  };
}
