/** How often a property is tried: some hundred times, or thousands in the long run. fast-check prints the seed of a failure. */
export const runs = (usual: number): number => (process.env['RXBATON_TEST_LONG'] ? usual * 20 : usual);
