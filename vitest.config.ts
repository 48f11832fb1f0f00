import { fileURLToPath } from 'node:url';
import esbuild from 'rollup-plugin-esbuild';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const config: ViteUserConfig = defineConfig({
  // Vite's own transform does not lower decorators and `await using` for Node 20; esbuild does.
  oxc: false,
  plugins: [{ ...esbuild({ target: 'node20', tsconfig: false }), enforce: 'pre' }],
  resolve: {
    // Exact matches first: 'rxbaton' alone would swallow its subpaths.
    alias: [
      { find: /^rxbaton$/, replacement: source('lib/index.ts') },
      { find: /^rxbaton\/operators$/, replacement: source('operators/index.ts') },
      { find: /^rxbaton\/testing$/, replacement: source('lib/testing/index.ts') },
      { find: /^rxbaton\/adapters\/file$/, replacement: source('adapters/file/index.ts') },
      { find: /^rxbaton\/adapters\/redis$/, replacement: source('adapters/redis/index.ts') },
    ],
  },
  test: {
    include: ['spec/**/*.spec.ts'],
    typecheck: { enabled: true, include: ['spec/types/**/*.spec-d.ts'], tsconfig: './tsconfig.json' },
  },
});

export default config;
