/** The library under test: the built package, with context tracking on or off. */

/** Everything that the package exports, on a default coordinator with this option, and the option itself. */
export async function rxbaton(context, options) {
  const api = { ...(await import('../dist/index.js')), ...(await import('../dist/operators.js')), context };
  api.configure({ context, ...options });
  // The host's asynchronous context begins with its first use: with tracking, every promise of this process pays from here on.
  api.within(api.createCoordinator({ context }), () => {});
  return api;
}

/** The two rows of the library in a table: `make` gets the API and the case. */
export const ours = (make, label = 'rxbaton') => ({
  [`${label}, tracking on`]: async (value) => make(await rxbaton('on'), value),
  [`${label}, tracking off`]: async (value) => make(await rxbaton('off'), value),
});
