/** Memory, for children that run with `--expose-gc`. */

/** Bytes of heap that are in use when everything that can go has gone: promise jobs and finalizers included. */
export async function heap() {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    globalThis.gc();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

let kept;

/** How much the heap has grown by `work`; what `work` resolves to is kept alive until after the measurement. */
export async function growth(work) {
  const before = await heap();
  kept = await work();
  const after = await heap();
  kept = undefined;
  return after - before;
}
