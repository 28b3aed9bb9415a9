// What the server could not do, in words people read (RFC 9457).
import { comma } from '../i18n'

export interface Facts {
  type: string
  title: string
  status: number
  detail: string
  [fact: string]: unknown
}

export class Problem extends Error {
  constructor(readonly facts: Facts) {
    super(facts.detail || facts.title)
    this.name = 'Problem'
  }

  /** The last word of the type, such as `Locked`; `shared.problem` knows it, or `refusals` where only the desk meets it. */
  get kind(): string {
    return this.facts.type.split('/').pop() ?? ''
  }
  get status(): number {
    return this.facts.status
  }

  static async of(response: Response): Promise<Problem> {
    const plain = { type: 'about:blank', title: response.statusText, status: response.status, detail: '' }
    try {
      return new Problem({ ...plain, ...((await response.json()) as Partial<Facts>) })
    } catch {
      return new Problem({ ...plain, type: response.status >= 500 ? '/problems/Unavailable' : plain.type })
    }
  }

  static unreachable(cause: unknown): Problem {
    return new Problem({ type: '/problems/Unreachable', title: 'No connection', status: 0, detail: String(cause) })
  }
}

interface Translator {
  t: (key: string, named: Record<string, unknown>) => string
  te: (key: string) => boolean
}

/** A problem as a sentence: our own words where we have them, else the server's. */
export function inWords(error: unknown, { t, te }: Translator): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error)
  const key = [`shared.problem.${error.kind}`, `refusals.${error.kind}`].find((known) => te(known))
  return key ? t(key, wordable(error.facts)) : error.message
}

/** Facts as a sentence can hold them: seconds to wait become minutes too, several things stand side by side. */
function wordable(facts: Facts): Record<string, unknown> {
  const wait = typeof facts.retry_after === 'number' ? facts.retry_after : 0
  const side = Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, Array.isArray(fact) ? fact.join(comma()) : fact]))
  return { ...side, minutes: Math.max(1, Math.ceil(wait / 60)) }
}
