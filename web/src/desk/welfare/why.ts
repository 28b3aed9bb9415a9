// Why somebody stands in a tier: the register's own code in words, or what a person wrote.
import { useI18n } from 'vue-i18n'

export function useWhy() {
  const { t, te } = useI18n()
  return { why: (code: string): string => (te(`welfare.why.${code}`) ? t(`welfare.why.${code}`) : code) }
}
