/** Effect's rate limiter with its store in memory, as a function of its algorithm. */
export async function effectLimiter(algorithm, limit, window) {
  const { Effect, Layer } = await import('effect');
  const { RateLimiter } = await import('effect/persistence');
  const layer = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory));
  const limited = await Effect.runPromise(RateLimiter.makeWithRateLimiter.pipe(Effect.provide(layer)));
  const options = { algorithm, onExceeded: 'delay', limit, window };
  return { Effect, limiter: (key = 'key') => limited({ ...options, key }) };
}
