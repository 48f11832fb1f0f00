/** One port for the whole process, made when first needed: a channel for each hop would cost ten times as much. */
let hop: ((resume: () => void) => void) | null = null;

function makeHop(): (resume: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  // In Node an open port keeps the process alive; it may do so only while somebody waits for a message.
  const port = port1 as unknown as { onmessage(): void; ref?(): void; unref?(): void };
  port.onmessage = () => {
    const resume = waiting.shift();
    if (waiting.length === 0) port.unref?.();
    resume?.();
  };
  port.unref?.();
  return (resume) => {
    waiting.push(resume);
    port.ref?.();
    port2.postMessage(null);
  };
}

/**
 * Resolves when no promise job is left: after one message to ourselves.
 *
 * A host takes the next task, here the message, only when its queue of promise jobs is empty, whatever those jobs add to
 * it; in Node that includes `process.nextTick`. So one hop drains a chain of any length, no number of rounds has to be
 * guessed, and no time passes. A message channel exists in Node and in browsers, and fake timers leave it alone.
 */
export function drainJobs(): Promise<void> {
  hop ??= makeHop();
  return new Promise(hop);
}
