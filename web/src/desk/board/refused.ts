// What the server refused about the plan, in the dispatcher's words; everything else as on every screen.
import { inWords, Problem } from '@/shared/api/problem'
import { comma } from '@/shared/i18n'

interface Translator {
  t: (key: string, named?: Record<string, unknown>) => string
  te: (key: string) => boolean
}

export function refusedInWords(error: unknown, words: Translator): string {
  const { t, te } = words
  if (!(error instanceof Problem) || !te(`board.problem.${error.kind}`)) return inWords(error, words)
  const rules = Array.isArray(error.facts.rules) ? error.facts.rules.map((rule) => (te(`board.rule_name.${String(rule)}`) ? t(`board.rule_name.${String(rule)}`) : String(rule))) : []
  return t(`board.problem.${error.kind}`, { rules: rules.join(comma()), wanted: Number(error.facts.wanted ?? 0) })
}
