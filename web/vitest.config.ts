// Unit tests of the screens: plain values, and components in a light DOM.
import { mergeConfig } from 'vite'
import { defineConfig } from 'vitest/config'
import vite from './vite.config.ts'

export default mergeConfig(
  vite,
  defineConfig({
    test: { environment: 'happy-dom', include: ['src/**/*.test.ts', 'tests/**/*.test.ts'], env: { TZ: 'UTC' } },
  }),
)
