// Builds the screens (desk, phone, board, family): one HTML entry each, served by `yinling web` from dist/.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const SCREENS = ['desk', 'phone', 'board', 'family'].filter((screen) => existsSync(page(screen)))
const API = process.env.YINLING_API ?? 'http://127.0.0.1:8000'

function page(screen: string): string {
  return fileURLToPath(new URL(`./${screen}/index.html`, import.meta.url))
}

/** In development, every address below a screen answers with that screen's page, as the server does. */
function screensOwnTheirAddresses(): Plugin {
  return {
    name: 'screens-own-their-addresses',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const screen = SCREENS.find((name) => request.url?.startsWith(`/${name}/`))
        if (screen && request.headers.accept?.includes('text/html')) request.url = `/${screen}/index.html`
        next()
      })
    },
  }
}

/** What only some phones need is no part of the first load: those fetch it by themselves, early, and their browser keeps it. */
const SPARE = new Set(['qr', 'riding'])

/** The phone's page names every part it may ever load, so that its service worker keeps them before they are wanted. */
function phoneNamesItsParts(): Plugin {
  return {
    name: 'phone-names-its-parts',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle, chunk, path }) {
        if (!bundle || !chunk || !path.startsWith('/phone/')) return html
        const parts = new Set<string>()
        const visit = (file: string): void => {
          const part = bundle[file]
          if (parts.has(file) || part?.type !== 'chunk' || SPARE.has(part.name)) return
          parts.add(file)
          for (const sheet of part.viteMetadata?.importedCss ?? []) parts.add(sheet)
          for (const next of [...part.imports, ...part.dynamicImports]) visit(next)
        }
        visit(chunk.fileName)
        const later = [...parts].map((file) => `/${file}`).filter((file) => !html.includes(file))
        return [{ tag: 'meta', attrs: { name: 'parts', content: later.join(' ') }, injectTo: 'head' }]
      },
    },
  }
}

/** The server prints with this font; it travels with the pages, so that every installation has it. */
function fontOfPrintedSheets(): Plugin {
  const folder = new URL('./node_modules/@expo-google-fonts/noto-sans-sc/', import.meta.url)
  const files = { 'NotoSansSC-Regular.ttf': '400Regular/NotoSansSC_400Regular.ttf', 'NotoSansSC-LICENSE.txt': 'LICENSE_FONT' }
  return {
    name: 'font-of-printed-sheets',
    apply: 'build',
    generateBundle() {
      for (const [name, from] of Object.entries(files)) {
        this.emitFile({ type: 'asset', fileName: `fonts/${name}`, source: readFileSync(new URL(from, folder)) })
      }
    },
  }
}

export default defineConfig({
  appType: 'mpa',
  plugins: [vue(), screensOwnTheirAddresses(), phoneNamesItsParts(), fontOfPrintedSheets()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'true', // Element Plus is written with it
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the content security policy allows no inline fonts or scripts
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200, // MapLibre, loaded lazily
    rolldownOptions: { input: Object.fromEntries(SCREENS.map((screen) => [screen, page(screen)])) },
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': { target: API, changeOrigin: false } } },
})
