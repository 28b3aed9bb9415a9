// The words of the screens: Chinese by default, English beside it, chosen once and remembered.
import { createI18n } from 'vue-i18n'

export type Language = 'zh-CN' | 'en'
export const LANGUAGES: Record<Language, string> = { 'zh-CN': '中文', en: 'English' }
const KEY = 'yinling.language'

type Words = Record<string, unknown>

/** Locale files by area: `{'../locales/en/desk.json': {...}}` becomes `{en: {desk: {...}}}`. */
export function byLanguage(files: Record<string, Words>): Record<Language, Words> {
  const messages: Record<Language, Words> = { 'zh-CN': {}, en: {} }
  for (const [path, words] of Object.entries(files)) {
    const [language, file] = path.split('/').slice(-2) as [Language, string]
    messages[language][file.replace('.json', '')] = words
  }
  return messages
}

export function remembered(): Language {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN'
}

/** Between the things of a list: `助餐、助洁`, `meals, cleaning`. */
export function comma(): string {
  return remembered() === 'en' ? ', ' : '、'
}

/** Between things that hold commas themselves. */
export function semicolon(): string {
  return remembered() === 'en' ? '; ' : '；'
}

/** One screen's words; give it `import.meta.glob('../locales/*\/{shared,...}.json', {eager: true, import: 'default'})`. */
export function screenI18n(files: Record<string, Words>) {
  const i18n = createI18n({
    legacy: false,
    locale: remembered(),
    fallbackLocale: 'zh-CN',
    messages: byLanguage(files) as Record<string, never>,
  })
  document.documentElement.lang = remembered()
  return i18n
}

export function remember(language: Language): void {
  localStorage.setItem(KEY, language)
  document.documentElement.lang = language
}
